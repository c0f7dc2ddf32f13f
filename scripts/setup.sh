#!/bin/sh
# Installs what some tests need and a fresh machine lacks: the aws CLI, PostgreSQL and
# HAProxy (their programs; the tests start servers of their own), Python and Node, which
# run handlers, the AWS SDKs for Python and JavaScript, and the official JSON Patch test
# suite (the last two through npm). What cannot be installed is left out: the tests that
# need it then skip and say how to get it, or fail where CI is set.
set -u
cd "$(dirname "$0")/.."

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

# install COMMAND PACKAGE: Debian and Ubuntu only.
install() {
	command -v "$1" >/dev/null 2>&1 && return 0
	command -v apt-get >/dev/null 2>&1 || { echo "setup: $1 is missing; install it to run the tests that need it" >&2; return 1; }
	echo "setup: installing $2" >&2
	if [ ! -e .cache/apt-updated ]; then
		as_root apt-get -qq update >/dev/null 2>&1 && mkdir -p .cache && : >.cache/apt-updated
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y "$2" >/dev/null 2>&1 ||
		{ echo "setup: could not install $2 (needs root or sudo): apt-get install $2" >&2; return 1; }
}

install aws awscli
install python3 python3 # for handlers
install node nodejs
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || install postgres postgresql
[ -x /usr/sbin/haproxy ] || install haproxy haproxy # a user's PATH may lack /usr/sbin

python3 -c 'import boto3' 2>/dev/null || install boto3 python3-boto3
js=.cache/js
if [ ! -e "$js/node_modules/@aws-sdk/client-cloudcontrol" ] && install npm npm; then
	npm install --prefix "$js" --silent --no-audit --no-fund --fetch-timeout=60000 --fetch-retries=1 @aws-sdk/client-cloudcontrol@3.758.0 >/dev/null 2>&1 ||
		echo "setup: could not fetch the AWS SDK for JavaScript (npm install @aws-sdk/client-cloudcontrol)" >&2
fi

suite=.cache/json-patch-test-suite
if [ ! -e "$suite/package/tests.json" ] && install npm npm; then
	mkdir -p "$suite"
	(cd "$suite" && npm pack --silent --fetch-timeout=60000 --fetch-retries=1 json-patch-test-suite@1.1.0 >/dev/null 2>&1 && tar -xzf json-patch-test-suite-*.tgz) ||
		echo "setup: could not fetch the JSON Patch suite (npm pack json-patch-test-suite)" >&2
fi
exit 0

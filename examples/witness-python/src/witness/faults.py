"""What the witness does wrong when it is told to."""
import json
import os
import subprocess
import sys
import time
import urllib.request
from http.client import HTTPConnection


def strings(value):
    """Returns a value with its numbers and booleans as strings, as the Go plug-in has them."""
    if isinstance(value, dict):
        return {k: strings(v) for k, v in value.items()}
    if isinstance(value, list):
        return [strings(v) for v in value]
    return value if isinstance(value, str) else json.dumps(value)


class Fault:
    """The faults of one call, from a text such as "READ sleep=5,crash"."""

    def __init__(self, action, path, text, context):
        when, _, rest = text.rpartition(" ")
        told = rest.split(",") if rest and (when or "CREATE") == action else []
        self.told = dict(part.partition("=")[::2] for part in told)
        self.path, self.context = path, context

    def before(self):
        """Does what is to happen before the call has had any effect."""
        for name, argument in self.told.items():
            if name == "sleep":
                time.sleep(float(argument))
            elif name == "sleep-once" and self.first("slept"):
                time.sleep(float(argument))
            elif name == "print":
                line = "x" * 65535 + "\n"
                for _ in range(int(argument) << 4):
                    sys.stdout.write(line)
            elif name in ("orphan", "daemon"):
                child = subprocess.Popen(["/bin/sleep", "300"], start_new_session=name == "daemon")
                with open(self.path + ".pid", "w") as f:
                    f.write(str(child.pid))
            elif name == "memory":
                hog = bytearray(int(argument) << 20)
                for i in range(0, len(hog), 4096):
                    hog[i] = 1
            elif name == "cpu":
                end = time.process_time() + float(argument)
                while time.process_time() < end:
                    pass
            elif name == "fetch":
                self.fetch(argument)
            elif name == "crash":
                os._exit(3)
            elif name == "error":
                raise ValueError("told to fail")

    def after(self, answer):
        """Returns the answer, spoilt where it is to be, unless the process is to end."""
        for name, argument in self.told.items():
            if name == "crash-after":
                os._exit(4)
            elif name == "twice":
                self.post(json.dumps(answer).encode())  # and once more when this returns
            elif name == "rubbish":
                self.post(b"this is not JSON")
            elif name == "in-progress":
                answer = {"status": "IN_PROGRESS", "resourceModel": answer.get("resourceModel"), "callbackContext": {}}
            elif name == "rename" and "resourceModel" in answer:
                answer["resourceModel"]["Path"] += "-renamed"
            elif name == "strings":
                answer = {k: strings(v) if k == "resourceModel" else v for k, v in answer.items()}
            elif name == "large":
                answer["message"] = "x" * (7 << 20)
        return answer

    def first(self, what):
        """Says whether this is asked for the first time for the path."""
        try:
            os.close(os.open(self.path + "." + what, os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            return False

    def fetch(self, url):
        from .handlers import Failed
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                text = response.read().decode()
        except OSError as e:
            raise Failed("GeneralServiceException", f"{url}: {e}")
        with open(self.path + ".fetched", "w") as f:
            f.write(text)

    def post(self, body):
        """Answers the call behind the back of whoever called us."""
        link = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        link.request("POST", f"/2018-06-01/runtime/invocation/{self.context.aws_request_id}/response", body)
        link.getresponse().read()
        link.close()

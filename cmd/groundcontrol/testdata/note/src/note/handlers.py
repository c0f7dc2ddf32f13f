"""Handlers of Own::Test::Note: a file is the resource, its path the identifier."""
import os
import urllib.request


def model(path):
    with open(path) as f:
        text = f.read()
    # Some plug-ins turn numbers into strings.
    return {"Path": path, "Text": text, "Size": str(len(text)), "Nothing": None}


def failed(code, message):
    return {"status": "FAILED", "errorCode": code, "message": message}


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return {"status": "SUCCESS", "resourceModel": model(path)}


def resource(event, context):
    data = event["requestData"]
    desired = data.get("resourceProperties") or {}
    path, action = desired.get("Path"), event["action"]
    print("called for", action)
    if "SECRET_OF_THE_SERVER" in os.environ:
        return failed("InternalFailure", "the server's environment has leaked")
    if not data["callerCredentials"]["accessKeyId"]:
        return failed("InvalidCredentials", "no credentials")
    if action == "CREATE":
        if os.path.exists(path):
            return failed("AlreadyExists", path)
        if desired["Text"] == "crash":
            os._exit(3)
        if not event.get("callbackContext"):
            return {"status": "IN_PROGRESS", "resourceModel": desired, "callbackContext": {"step": 1}, "callbackDelaySeconds": 8 if desired["Text"] == "slow" else 1}
        if desired["Text"].startswith("half"):  # it is made, and yet fails
            write(path, desired["Text"])
            return failed("NotStabilized", "half way")
        if desired["Text"].startswith("http"):
            try:
                return write(path, urllib.request.urlopen(desired["Text"], timeout=5).read().decode())
            except OSError as e:
                return failed("GeneralServiceException", str(e))
        return write(path, desired["Text"])
    if not os.path.exists(path):
        return failed("NotFound", path)
    if action == "READ":
        return {"status": "SUCCESS", "resourceModel": model(path)}
    if action == "UPDATE":
        return write(path, desired["Text"])
    os.remove(path)
    return {"status": "SUCCESS"}

"""Handlers of GroundControl::Witness::Python: a file is the resource.

It keeps the handler contract, unless the property Fault tells it to break it.
"""
import json
import os

from . import faults

HOME = "/tmp/groundcontrol-witness/python"  # what is listed when nobody names a directory

if os.path.exists(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "broken")):
    raise RuntimeError("told to fail: there is a file called broken beside the code")


class Failed(Exception):
    """An answer of FAILED."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def load(path):
    """Returns what is kept at a path: {"model": ..., "token": ...}."""
    try:
        with open(path) as f:
            return json.load(f)
    except (OSError, ValueError):
        raise Failed("NotFound", f"there is no {path}")


def save(path, kept):
    part = path + ".part"
    with open(part, "w") as f:
        json.dump(kept, f)
    os.replace(part, path)


def shown(path, model):
    """Returns the model as others may see it: whole, without what is write-only."""
    model = {k: v for k, v in model.items() if k != "Secret" and v is not None}
    return {**model, "Path": path, "Directory": os.path.dirname(path), "Size": len(model.get("Text", "").encode())}


def check(desired):
    """Refuses a Count that is no integer. JSON's 2.0 is one, and true is none."""
    count = desired.get("Count", 0)
    if isinstance(count, bool) or not isinstance(count, (int, float)) or count % 1:
        raise Failed("InvalidRequest", "Count is no integer")


def create(event, path, desired):
    check(desired)
    try:
        if load(path)["token"] != event["bearerToken"]:
            raise Failed("AlreadyExists", f"there is a {path}")
    except Failed as e:
        if e.code != "NotFound":
            raise
        os.makedirs(os.path.dirname(path), exist_ok=True)
    # The same token may come again, after a crash or for the next step: it is one resource.
    save(path, {"model": desired, "token": event["bearerToken"]})
    step = (event.get("callbackContext") or {}).get("step", 0)
    if step < desired.get("Steps", 0):
        return {
            "status": "IN_PROGRESS", "message": f"step {step + 1}", "resourceModel": desired,
            "callbackContext": {"step": step + 1}, "callbackDelaySeconds": desired.get("StepSeconds", 0),
        }
    return {"status": "SUCCESS", "resourceModel": shown(path, desired)}


def read(event, path, desired):
    return {"status": "SUCCESS", "resourceModel": shown(path, load(path)["model"])}


def update(event, path, desired):
    check(desired)
    kept = load(path)
    kept["model"] = {k: v for k, v in desired.items() if k not in ("Directory", "Size")}
    save(path, kept)
    return {"status": "SUCCESS", "resourceModel": shown(path, kept["model"])}


def delete(event, path, desired):
    load(path)
    os.remove(path)
    return {"status": "SUCCESS"}


def files(directory):
    """Yields the paths and models of the resources in a directory."""
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        path = os.path.join(directory, name)
        try:
            yield path, load(path)["model"]
        except (Failed, KeyError, TypeError):
            continue  # not ours


def list_(event, path, desired):
    models = [shown(path, model) for path, model in files(desired.get("Directory", HOME))]
    return {"status": "SUCCESS", "resourceModels": models}


def fault_of(action, path, desired):
    """Returns what the call is to do wrong: only the file knows where the call does not say."""
    if action in ("CREATE", "UPDATE"):
        return desired.get("Fault", "")
    if action == "LIST":
        told = (model.get("Fault", "") for _, model in files(desired.get("Directory", HOME)))
        return next((f for f in told if f.startswith("LIST ")), "")
    try:
        return load(path)["model"].get("Fault", "")
    except Failed:
        return ""


def resource(event, context):
    """The entry point."""
    action, data = event["action"], event["requestData"]
    desired = data.get("resourceProperties") or {}
    path = desired.get("Path", "")
    print(action, path)
    fault = faults.Fault(action, path, fault_of(action, path, desired), context)
    act = {"CREATE": create, "READ": read, "UPDATE": update, "DELETE": delete, "LIST": list_}[action]
    try:
        fault.before()
        answer = act(event, path, desired)
    except Failed as e:
        answer = {"status": "FAILED", "errorCode": e.code, "message": str(e)}
    return fault.after(answer)

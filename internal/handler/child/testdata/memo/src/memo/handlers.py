"""Handlers of Own::Test::Memo: each memo is a file in the directory memos beside the code."""
import json
import os

HOME = os.path.join(os.environ["LAMBDA_TASK_ROOT"], "memos")
PAGE = 2


def path(name):
    return os.path.join(HOME, name)


def failed(code):
    return {"status": "FAILED", "errorCode": code, "message": code + ": see the contract"}


def load(name):
    with open(path(name)) as f:
        return json.load(f)


def save(memo):
    os.makedirs(HOME, exist_ok=True)
    with open(path(memo["model"]["Name"]), "w") as f:
        json.dump(memo, f)


def shown(memo):
    model = {k: v for k, v in memo["model"].items() if k != "Key"}
    if "Copies" in model:
        model["Copies"] = str(model["Copies"])  # some plug-ins write all scalars as strings
    return model


def succeeded(memo):
    return {"status": "SUCCESS", "resourceModel": shown(memo)}


def create(event, desired):
    name, token = desired["Name"], event["bearerToken"]
    if os.path.exists(path(name)):
        there = load(name)
        return succeeded(there) if there["token"] == token else failed("AlreadyExists")
    if desired["Text"] == "unwanted":
        return failed("InvalidRequest")
    if not event.get("callbackContext"):
        return {"status": "IN_PROGRESS", "resourceModel": desired, "callbackContext": {"step": 1}, "callbackDelaySeconds": 0}
    memo = {"token": token, "model": dict(desired, Stamp="stamped " + token[:8])}
    save(memo)
    return succeeded(memo)


def listed(event):
    names = sorted(os.listdir(HOME)) if os.path.isdir(HOME) else []
    names = [n for n in names if n > event.get("nextToken", "")]
    answer = {"status": "SUCCESS", "resourceModels": [shown(load(n)) for n in names[:PAGE]]}
    if len(names) > PAGE:
        answer["nextToken"] = names[PAGE - 1]
    return answer


def resource(event, context):
    data, action = event["requestData"], event["action"]
    desired = data.get("resourceProperties") or {}
    print("called for", action)
    if not data["callerCredentials"]["accessKeyId"]:
        return failed("InvalidCredentials")
    if action == "LIST":
        return listed(event)
    if action == "CREATE":
        return create(event, desired)
    if not os.path.exists(path(desired["Name"])):
        return failed("NotFound")
    memo = load(desired["Name"])
    if action == "READ":
        return succeeded(memo)
    if action == "UPDATE":
        memo["model"] = dict(desired, Stamp=memo["model"]["Stamp"])
        save(memo)
        return succeeded(memo)
    os.remove(path(desired["Name"]))
    return {"status": "SUCCESS"}

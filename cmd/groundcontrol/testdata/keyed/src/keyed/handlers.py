"""Handlers of Own::Test::Keyed: every resource exists, for nothing is kept."""
import hashlib


def proof(data):
    if "typeConfiguration" not in data:
        return "sent none"
    return hashlib.sha256(data["typeConfiguration"]["ApiKey"].encode()).hexdigest()


def resource(event, context):
    data = event["requestData"]
    version = event["resourceTypeVersion"]
    desired = data.get("resourceProperties") or {}
    if event["action"] == "LIST":
        return {"status": "SUCCESS", "resourceModels": [{"Name": "of " + version}]}
    if event["action"] == "DELETE":
        return {"status": "FAILED", "errorCode": "GeneralServiceException", "message": "version " + version}
    return {"status": "SUCCESS", "resourceModel": dict(desired, Proof=proof(data), Version=version)}

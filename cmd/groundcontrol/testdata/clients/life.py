# Takes a resource through its life with boto3, and prints what a user sees, a line of JSON each.
import json
import os

import boto3
import botocore.config

client = boto3.client("cloudcontrol", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"],
                      config=botocore.config.Config(retries={"total_max_attempts": 1}))
GROUP = "AWS::Logs::LogGroup"


def tell(*what):
    print(json.dumps(what, separators=(",", ":")), flush=True)


def token(answer):
    return answer["ProgressEvent"]["RequestToken"]


def ended(answer):
    client.get_waiter("resource_request_success").wait(RequestToken=token(answer), WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    event = client.get_resource_request_status(RequestToken=token(answer))["ProgressEvent"]
    tell(event["Operation"], event["OperationStatus"], event["Identifier"])


def refused(call, **arguments):
    try:
        call(**arguments)
    except client.exceptions.ClientError as error:
        tell(error.response["Error"]["Code"], error.response["Error"]["Message"].split(" (HandlerErrorCode")[0])


ended(client.create_resource(TypeName=GROUP, DesiredState='{"LogGroupName":"one","RetentionInDays":7}'))
ended(client.update_resource(TypeName=GROUP, Identifier="one", PatchDocument='[{"op":"replace","path":"/RetentionInDays","value":14}]'))
tell(json.loads(client.get_resource(TypeName=GROUP, Identifier="one")["ResourceDescription"]["Properties"])["RetentionInDays"])
ended(client.create_resource(TypeName=GROUP, DesiredState='{"LogGroupName":"two"}'))
pages = client.get_paginator("list_resources").paginate(TypeName=GROUP, PaginationConfig={"PageSize": 1})
tell(sorted(r["Identifier"] for page in pages for r in page["ResourceDescriptions"]))
refused(client.create_resource, TypeName=GROUP, DesiredState='{"LogGroupName":"three","Nope":1}')
ended(client.delete_resource(TypeName=GROUP, Identifier="one"))
refused(client.get_resource, TypeName=GROUP, Identifier="one")
live = client.create_resource(TypeName="GroundControl::Demo::Countdown", DesiredState='{"Name":"apollo","Seconds":3600}', ClientToken="launch")
again = client.create_resource(TypeName="GroundControl::Demo::Countdown", DesiredState='{"Name":"apollo","Seconds":3600}', ClientToken="launch")
client.cancel_resource_request(RequestToken=token(live))
pages = client.get_paginator("list_resource_requests").paginate(ResourceRequestStatusFilter={"Operations": ["CREATE"]})
tell(token(live) == token(again), sum(len(page["ResourceRequestStatusSummaries"]) for page in pages))

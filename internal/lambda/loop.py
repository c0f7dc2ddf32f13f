import importlib, json, os, sys, time, traceback
from http.client import HTTPConnection

API, ENV = "/2018-06-01/runtime/", os.environ
link = HTTPConnection(ENV["AWS_LAMBDA_RUNTIME_API"])  # it knows of no proxy


class Context:
    identity = client_context = None

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self):
        return max(0, self.deadline - int(time.time() * 1000))

    def log(self, text):
        sys.stdout.write(str(text))


def ask(method, path, body=None):
    link.request(method, API + path, body, {"Content-Type": "application/json"})
    answer = link.getresponse()
    return answer.headers, answer.read()


def report(path, error):
    traceback.print_exception(type(error), error, error.__traceback__)
    trace = traceback.format_tb(error.__traceback__)
    body = {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace}
    ask("POST", path, json.dumps(body).encode())


try:
    sys.path.insert(0, ENV["LAMBDA_TASK_ROOT"])
    module, _, name = ENV["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module.replace("/", ".")), name)
except Exception as error:
    report("init/error", error)
    sys.exit(1)
while True:
    headers, event = ask("GET", "invocation/next")
    context = Context(headers)
    path = "invocation/" + context.aws_request_id
    try:
        answer = json.dumps(handler(json.loads(event), context)).encode()
    except Exception as error:
        report(path + "/error", error)
    else:
        ask("POST", path + "/response", answer)

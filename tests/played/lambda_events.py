"""The events of AWS Lambda, as AWS's documentation shows them: HTTP API with payload format 2.0, and
EventBridge's schedule. And what an HTTP API makes of a function's response."""

import base64
import itertools
import json
import time
import urllib.parse
import uuid

from checks import check, check_equal
from function import Response

HOST, REGION, ACCOUNT = "made-up.execute-api.eu-test-1.amazonaws.com", "eu-test-1", "123456789012"
# An HTTP API marks a body as base64 unless its type is text. Both forms must work, so they take turns.
turns = itertools.cycle((False, True))


def http_event(request, in_base64=None):
    """The event of a request. It has no body if the request has none."""
    path, _, query = request.target.partition("?")
    event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
             "headers": headers_of(request), "requestContext": context_of(request.method, path)}
    if query:
        event["queryStringParameters"] = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if request.body:
        in_base64 = next(turns) if in_base64 is None else in_base64
        body = base64.b64encode(request.body) if in_base64 else request.body
        event |= {"body": body.decode(), "isBase64Encoded": in_base64}
    else:
        event["isBase64Encoded"] = False
    return json.dumps(event).encode()


def headers_of(request):
    """Names in lower case, and what the HTTP API adds."""
    left_out = {"host", "connection", "x-real-ip"}
    sent = {name.lower(): value for name, value in request.headers.items() if name.lower() not in left_out}
    return sent | {"content-length": str(len(request.body)), "host": HOST, "x-forwarded-port": "443",
                   "x-amzn-trace-id": f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}",
                   "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"}


def context_of(method, path):
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
            "userAgent": "made up"}
    now = time.gmtime()
    return {"accountId": ACCOUNT, "apiId": "made-up", "domainName": HOST, "domainPrefix": "made-up",
            "http": http, "requestId": str(uuid.uuid4()), "routeKey": "$default", "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", now), "timeEpoch": int(time.time() * 1000)}


def schedule_event():
    """The event of EventBridge's schedule."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/made-up-minute"
    return json.dumps({
        "version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events",
        "account": ACCOUNT, "time": now, "region": REGION, "resources": [rule], "detail": {}}).encode()


def http_response(result):
    """The response that the HTTP API sends to the caller. It writes header names in lower case."""
    answer = json.loads(result)
    check("statusCode" in answer, f"the response has no statusCode: {result[:200]}")
    check_equal(answer["isBase64Encoded"], False, "isBase64Encoded of an answer, which is always text")
    headers = [(name.lower(), value) for name, value in answer["headers"].items()]
    return Response(answer["statusCode"], headers, answer["body"].encode())

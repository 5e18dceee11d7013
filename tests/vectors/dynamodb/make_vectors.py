"""Makes botocore.json: koohook's calls to DynamoDB, signed by botocore.

    pip install botocore==1.44.5 && python3 make_vectors.py > botocore.json

The keys were generated for tests. The tests read the file and need no Python.

aws.json comes from the published signing test suite (aws-signing-test-suite/v4, as shipped with the
aws-sigv4 crate 1.6.4, Apache-2.0): its requests for `/` without a query, in the form that is sent.
The request with an unsigned session token is left out.
"""

import datetime
import json
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime.fromtimestamp(1_791_234_567, tz=datetime.timezone.utc)
ID, SECRET, TOKEN = "MADEUPACCESSKEY", "made-up-secret-key-of-no-account", "made-up-session-token"
TABLE = '"TableName":"koohook"'

CALLS = [
    ("GetItem", "{%s,\"Key\":{\"k\":{\"S\":\"k:a\"}},\"ConsistentRead\":true}" % TABLE),
    (
        "PutItem",
        '{%s,"Item":{"k":{"S":"k:a"},"version":{"B":"AQEBAQEBAQEBAQEBAQEBAQ=="},'
        '"value":{"B":"AQEB"},"expires":{"N":"1791234567001"},"ttl":{"N":"1791238168"},'
        '"agenda":{"S":"due#10"},"due":{"S":"00000001791234567000a"}},'
        '"ConditionExpression":"version = :over AND '
        '(attribute_not_exists(expires) OR expires > :now)",'
        '"ExpressionAttributeValues":{":now":{"N":"1791234567000"},'
        '":over":{"B":"AAAAAAAAAAAAAAAAAAAAAA=="}},'
        '"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}' % TABLE,
    ),
    (
        "PutItem",
        '{%s,"Item":{"k":{"S":"k:\u952e"},"version":{"B":"AgICAgICAgICAgICAgICAg=="},'
        '"value":{"B":"AgIC"}},'
        '"ConditionExpression":"attribute_not_exists(k) OR expires <= :now",'
        '"ExpressionAttributeValues":{":now":{"N":"1791234567000"}},'
        '"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}' % TABLE,
    ),
]


def signed(operation, body, token, endpoint):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    request = AWSRequest("POST", f"{endpoint}/", headers=headers, data=body.encode())
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
        SigV4Auth(Credentials(ID, SECRET, token), "dynamodb", "eu-test-1").add_auth(request)
    return {
        "operation": operation,
        "endpoint": endpoint,
        "token": token,
        "body": body,
        "date": request.headers["X-Amz-Date"],
        "authorization": request.headers["Authorization"],
    }


ENDPOINTS = ["https://dynamodb.eu-test-1.amazonaws.com", "http://127.0.0.1:8000"]
vectors = [
    signed(operation, body, token, endpoint)
    for operation, body in CALLS
    for token in [None, TOKEN]
    for endpoint in ENDPOINTS
]
print(json.dumps(vectors, indent=2))

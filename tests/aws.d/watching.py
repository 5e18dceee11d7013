"""Logs, alarms and the dashboard: every function that exists is watched, and somebody is told."""

import json
import re

from reading import metrics, need

# The lines that an operator must see: the members that shared/shell/src/host/log_layer.rs writes.
PATTERN = '{ ($.level = "ERROR") || ($.level = "WARN") }'
OPERATIONS = ["GetItem", "PutItem", "Query"]
AT_LEAST, BELOW = "GreaterThanOrEqualToThreshold", "LessThanThreshold"


def check(installation):
    for key, binary in installation.functions.items():
        check_log(installation, key, binary)
        check_alarms(installation, key, binary)
    check_relay(installation)
    check_store(installation)
    check_api(installation)
    check_actions(installation)
    check_dashboard(installation)


def check_log(installation, key, binary):
    logging = installation.properties(key)["LoggingConfig"]
    need(logging["LogFormat"] == "JSON" and logging["ApplicationLogLevel"] == "TRACE",
         f"{key}: Lambda drops lines that KOOHOOK_LOG asks for")
    group = logging["LogGroup"].strip("<>")
    values = installation.properties(group)
    need(values["LogGroupName"] == f"/aws/lambda/koohook-{binary}", f"{key}: writes into the log of another function")
    need(values.get("RetentionInDays") == installation.parameters["LogRetentionDays"], f"{group}: keeps lines for ever")


def alarms(installation, fits):
    return [values for values in installation.of_kind("AWS::CloudWatch::Alarm").values() if fits(values)]


def is_alarm(values, namespace, metric, dimensions):
    given = {it["Name"]: it["Value"] for it in values.get("Dimensions", [])}
    return (values.get("Namespace"), values.get("MetricName"), given) == (namespace, metric, dimensions)


def check_one(installation, what, metric, dimensions, namespace, wanted):
    """One alarm on a metric, with this statistic, comparison, threshold, and meaning of missing data."""
    found = alarms(installation, lambda values: is_alarm(values, namespace, metric, dimensions))
    need(len(found) == 1, f"{installation.name}: {len(found)} alarms, not one: {what}")
    names = ("Statistic", "ComparisonOperator", "Threshold", "TreatMissingData")
    has = tuple(found[0].get(name) for name in names)
    need(has == wanted, f"{installation.name}: {what}: the alarm has {has}, not {wanted}")


def check_alarms(installation, key, binary):
    group = installation.properties(key)["LoggingConfig"]["LogGroup"]
    _, filtered = installation.one("AWS::Logs::MetricFilter", lambda it: it["LogGroupName"] == group,
                                   f"filter of the log of {binary}")
    need(filtered["FilterPattern"] == PATTERN, f"{binary}: the filter does not find WARN and ERROR")
    (made,) = filtered["MetricTransformations"]
    need(made["MetricValue"] == "1", f"{binary}: the filter does not count lines")
    once = ("Sum", AT_LEAST, 1, "notBreaching")
    check_one(installation, f"lines of {binary}", made["MetricName"], {}, made["MetricNamespace"], once)
    for metric in ("Errors", "Throttles"):
        check_one(installation, f"{metric} of {binary}", metric, {"FunctionName": f"<{key}>"}, "AWS/Lambda", once)


def check_relay(installation):
    key = next(key for key, binary in installation.functions.items() if binary == "relay")
    check_one(installation, "the relay does not run", "Invocations", {"FunctionName": f"<{key}>"}, "AWS/Lambda",
              ("Sum", BELOW, 1, "breaching"))


def check_store(installation):
    table = installation.parameters["RestoredTable"] or "<Store>"
    for metric in ("ThrottledRequests", "SystemErrors"):
        found = [[(it["MetricStat"]["Metric"]["MetricName"], pairs(it["MetricStat"]["Metric"]["Dimensions"]))
                  for it in values["Metrics"] if "MetricStat" in it]
                 for values in alarms(installation, lambda values: "Metrics" in values)]
        wanted = [(metric, {"TableName": table, "Operation": operation}) for operation in OPERATIONS]
        need(found.count(wanted) == 1, f"{installation.name}: no alarm on {metric} of {table}")


def pairs(dimensions):
    return {it["Name"]: it["Value"] for it in dimensions}


def check_api(installation):
    check_one(installation, "5xx of the API", "5xx", {"ApiId": "<Api>"}, "AWS/ApiGateway",
              ("Sum", AT_LEAST, 1, "notBreaching"))
    check_one(installation, "latency of the API", "Latency", {"ApiId": "<Api>"}, "AWS/ApiGateway",
              ("Maximum", AT_LEAST, 5000, "notBreaching"))


def check_actions(installation):
    given = installation.parameters
    topic = given["AlarmTopicArn"] or "<AlarmTopic>"
    for key, values in installation.of_kind("AWS::CloudWatch::Alarm").items():
        need(values.get("AlarmActions") == [topic], f"{key}: tells nobody")
    topics = installation.of_kind("AWS::SNS::Topic")
    need(bool(topics) == (not given["AlarmTopicArn"]), f"{installation.name}: another topic than was asked for")
    mails = [values["Endpoint"] for values in installation.of_kind("AWS::SNS::Subscription").values()]
    wanted = [given["AlarmEmail"]] if given["AlarmEmail"] and not given["AlarmTopicArn"] else []
    need(mails == wanted, f"{installation.name}: mails go to {mails}, not {wanted}")
    need(installation.outputs["TopicArn"] == topic, "the output TopicArn is wrong")


def check_dashboard(installation):
    boards = list(installation.of_kind("AWS::CloudWatch::Dashboard").values())
    is_on = installation.parameters["Metrics"] == "emf"
    need(len(boards) == is_on, f"{installation.name}: {len(boards)} dashboards")
    for board in boards:
        check_widgets(json.loads(board["DashboardBody"])["widgets"])


def check_widgets(widgets):
    places = [(widget["x"], widget["y"]) for widget in widgets]
    need(len(set(places)) == len(places), "the dashboard has two widgets in one place")
    for widget in widgets:
        for row in widget["properties"]["metrics"]:
            check_metric(row, widget["properties"]["title"])


def check_metric(row, title):
    """A metric of the dashboard is one that koohook writes, with its dimensions."""
    if isinstance(row[0], dict):
        found = re.fullmatch(r"""SEARCH\('\{koohook,([a-z,]+)\} MetricName="([a-z_]+)"', '(Sum|p99)', 300\)""",
                             row[0]["expression"])
        need(found, f"{title}: the expression cannot be read")
        name, dimensions = found.group(2), found.group(1).split(",")
    elif row[0] == "koohook":
        name, dimensions = row[1], []
    else:
        return
    need(metrics().get(name) == dimensions, f"{title}: koohook writes no {name} with the dimensions {dimensions}")

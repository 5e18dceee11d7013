"""Each path leads to its function, and nothing else is public."""

from reading import need, paths, product_routes

BASE = "/saasproduce"
# The platform's limit for an integration of an HTTP API.
LONGEST_MILLIS = 30_000


def check(installation):
    need(installed(installation) == wanted(installation), problem(installation))
    for key in installation.of_kind("AWS::ApiGatewayV2::Integration"):
        check_integration(installation, key)
    (stage,) = installation.of_kind("AWS::ApiGatewayV2::Stage").values()
    limits = stage["DefaultRouteSettings"]
    need(stage["StageName"] == "$default" and stage["AutoDeploy"] is True, "the API has no stage that follows it")
    given = installation.parameters
    need(limits == {"ThrottlingRateLimit": given["ThrottlingRate"], "ThrottlingBurstLimit": given["ThrottlingBurst"]},
         "the API does not limit calls as asked")
    check_outputs(installation)


def problem(installation):
    have, should = installed(installation), wanted(installation)
    differing = sorted(route for route in {*have, *should} if have.get(route) != should.get(route))
    return f"{installation.name}: these routes are wrong: {differing}"


def wanted(installation):
    """The function of each method and path. GET and HEAD of the health checks: decision A4."""
    found = {"GET /healthz": "receive", "HEAD /healthz": "receive", **product_routes()}
    for path, function in paths().items():
        methods = {BASE: ["GET", "POST"], "/": ["GET", "HEAD"]}.get(path, ["POST"])
        moved = installation.parameters["BasePath"] + path.removeprefix(BASE) if path.startswith(BASE) else path
        found |= {f"{method} {moved}": function for method in methods}
    here = set(installation.functions.values())
    return {route: function for route, function in found.items() if function in here}


def installed(installation):
    routes = installation.of_kind("AWS::ApiGatewayV2::Route").values()
    return {route["RouteKey"]: target(installation, route) for route in routes}


def target(installation, route):
    integration = route["Target"].removeprefix("integrations/").strip("<>")
    function = installation.properties(integration)["IntegrationUri"].strip("<>").removesuffix(".Arn")
    return installation.functions[function]


def check_integration(installation, key):
    """The function's answer arrives whole, and before the API gives up."""
    values = installation.properties(key)
    function = values["IntegrationUri"].strip("<>").removesuffix(".Arn")
    need(values["PayloadFormatVersion"] == "2.0", f"{key}: only payload 2.0 keeps the raw query string")
    least = installation.properties(function)["Timeout"] * 1000
    need(least < values["TimeoutInMillis"] <= LONGEST_MILLIS, f"{key}: ends before its function")
    arn = "arn:aws:execute-api:eu-test-1:111122223333:<Api>/*"
    _, permission = installation.one(
        "AWS::Lambda::Permission",
        lambda it: it["FunctionName"] == f"<{function}>" and it["Principal"] == "apigateway.amazonaws.com",
        f"permission of the API to call {function}")
    need(permission["SourceArn"] == arn, f"{function}: others than this API may call it")


def check_outputs(installation):
    given, outputs = installation.parameters, installation.outputs
    host = given["DomainName"] or "<Api>.execute-api.eu-test-1.amazonaws.com"
    address = f"https://{host}{given['BasePath']}"
    need(outputs["ProductionAddress"] == address, "the output ProductionAddress is wrong")
    kit = f"{address}/produceAPI/v2" if given["Kit"] == "true" else None
    need(outputs.get("KitAddress") == kit, "the output KitAddress is wrong")
    need(outputs["TableName"] == (given["RestoredTable"] or "<Store>"), "the output TableName is wrong")
    domains = installation.of_kind("AWS::ApiGatewayV2::DomainName").values()
    need([it["DomainName"] for it in domains] == [given["DomainName"]][: bool(given["DomainName"])],
         "the API has not the domain that was asked for")
    need(("DomainTarget" in outputs) == bool(given["DomainName"]), "the output DomainTarget is wrong")

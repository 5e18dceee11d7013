"""What must be true of every plan, beyond the provider's own rules: addresses, TLS, logs, alarms, the store."""

import json

import pages
from reading import Problem

# The paths that are not below the production address, with the function that serves each.
OTHER_ROUTES = {
    ("GET", "/"): "receive", ("HEAD", "/"): "receive",
    ("GET", "/healthz"): "receive", ("HEAD", "/healthz"): "receive",
    ("PUT", "/instances/{instanceId}/app-info"): "app-info",
    ("POST", "/usage"): "usage", ("PUT", "/instances/{instanceId}/usage-info"): "usage",
}


def need(is_true, what):
    if not is_true:
        raise Problem(what)


def check(plan):
    functions = {made.key: made for made in plan.of_kind("huaweicloud_fgs_function")}
    for rule in (check_functions, check_timer, check_routes, check_logs, check_alarms):
        rule(plan, functions)
    for rule in (check_gateway, check_actions, check_redis, check_network, check_agency):
        rule(plan)


def check_functions(plan, functions):
    sizes = {page: pages.sizes(page) for page in pages.DEPLOY}
    for name, made in functions.items():
        need("." in made["handler"], f"{made.name}: the handler must contain a dot")
        need(made["runtime"] == ("Custom" if name == "relay" else "http"), f"{made.name}: wrong runtime")
        need(made["func_code"].endswith(f"/{name}.zip"), f"{made.name}: wrong package")
        is_concurrent = "concurrency_num" in made.values
        need(is_concurrent == (made["runtime"] == "http"), f"{made.name}: only runtime http has concurrency_num")
        calls = made.values.get("concurrency_num", 1)
        size = (made["timeout"], made["memory_size"], calls, int(made["max_instance_num"]))
        for page, table in sizes.items():
            need(table.get(name) == size, f"{made.name}: {page} says {table.get(name)}, the files say {size}")


def check_timer(plan, functions):
    timers = plan.of_kind("huaweicloud_fgs_function_trigger")
    need(len(timers) == 1, "there must be one timer")
    event = json.loads(timers[0]["event_data"])
    need(timers[0]["function_urn"] == functions["relay"]["urn"], "the timer must start the relay")
    need((timers[0]["type"], event["schedule_type"], event["schedule"]) == ("TIMER", "Rate", "1m"),
         "the timer must start the relay every minute")


def expected_routes(plan, functions):
    base = plan.given.get("base_path", "/saasproduce")
    routes = {("GET", base): "receive", ("POST", base): "receive", **OTHER_ROUTES}
    for function, paths in pages.kit_calls().items():
        routes.update({("POST", base + path): function for path in paths})
    return {route: function for route, function in routes.items() if function in functions}


def check_routes(plan, functions):
    """The gateway has exactly koohook's routes, each published, without credentials and without policies."""
    wanted, found = expected_routes(plan, functions), {}
    published = [made["api_id"] for made in plan.of_kind("huaweicloud_apig_api_publishment")]
    for made in plan.of_kind("huaweicloud_apig_api"):
        route = made["request_method"], made["request_path"]
        need(route in wanted, f"{made.name}: koohook does not serve {' '.join(route)}")
        need(made["security_authentication"] == "NONE", f"{made.name}: the marketplace has no credentials of APIG")
        need(made["request_protocol"] == "HTTPS", f"{made.name}: must be HTTPS")
        need(made["is_send_fg_body_base64"] is True, f"{made.name}: the body must stay as it is")
        need(not made.inside("func_graph_policy"), f"{made.name}: a policy cannot read V2's activity")
        (backend,) = made.inside("func_graph")
        function = functions[wanted[route]]
        need(backend["function_urn"] == function["urn"], f"{made.name}: must call {wanted[route]}")
        need(backend["timeout"] >= function["timeout"] * 1000, f"{made.name}: ends before {wanted[route]}")
        need(made["id"] in published, f"{made.name}: is not published")
        has_parameter = [values["name"] for values in made.inside("request_params")] == ["instanceId"]
        need(has_parameter == ("{instanceId}" in route[1]), f"{made.name}: the parameter of the path")
        found[route] = True
    need(set(found) == set(wanted), f"the gateway lacks {sorted(set(wanted) - set(found))}")


def check_gateway(plan):
    (domain,) = plan.of_kind("huaweicloud_apig_group_domain_associate")
    need(domain.values.get("min_ssl_version") == "TLSv1.2", f"{domain.name}: the marketplace asks for TLS 1.2")
    need(domain["ingress_https_port"] == 443, f"{domain.name}: the port of https")
    (bound,) = plan.of_kind("huaweicloud_apig_certificate_batch_domains_associate")
    need(bound["verify_disabled_domain_names"] == [plan.given["domain"]], "the certificate is for the domain")
    (limit,) = plan.of_kind("huaweicloud_apig_throttling_policy_associate")
    need(len(limit["publish_ids"]) == len(plan.of_kind("huaweicloud_apig_api")), "every API is throttled")
    (group,) = plan.of_kind("huaweicloud_apig_group")
    need(group.values.get("domain_access_enabled") is False, f"{group.name}: the test domain is open")


def check_logs(plan, functions):
    streams = {made["id"]: made for made in plan.of_kind("huaweicloud_lts_stream")}
    for made in functions.values():
        need(made.values.get("enable_lts_log") is True, f"{made.name}: writes no log")
        need(made.values.get("log_stream_id") in streams, f"{made.name}: has no log stream")
        stream = streams[made["log_stream_id"]]
        names = made.values.get("log_stream_name"), made.values.get("log_group_id")
        need(names == (stream["stream_name"], stream["group_id"]), f"{made.name}: another stream's name")
    need(len(streams) == len(functions), "each function has a log stream of its own")


def check_alarms(plan, functions):
    watched = set()
    for made in plan.of_kind("huaweicloud_lts_keywords_alarm_rule"):
        (words,) = made.inside("keywords_requests")
        need(made["send_notifications"] is True and made.inside("notification_save_rule"), f"{made.name}: tells nobody")
        watched.add((words["log_stream_id"], words["keywords"]))
    counted = {(values["dimensions"][0]["value"], inner["metric_name"])
               for made in plan.of_kind("huaweicloud_ces_alarmrule")
               for values in made.inside("resources") for inner in made.inside("condition")}
    for made in functions.values():
        for word in ("ERROR", "WARN"):
            need((made["log_stream_id"], word) in watched, f"{made.name}: no alarm on {word} lines")
        for metric in ("failcount", "rejectcount"):
            need((f"default-{made['name']}", metric) in counted, f"{made.name}: no alarm on {metric}")
    for metric in ("memory_usage", "error_5xx"):
        need(any(name == metric for _, name in counted), f"no alarm on {metric}")


def check_actions(plan):
    (topic,) = plan.of_kind("huaweicloud_smn_topic")
    for made in plan.of_kind("huaweicloud_ces_alarmrule"):
        actions = [values["notification_list"] for values in made.inside("alarm_actions")]
        need(actions == [[topic["topic_urn"]]], f"{made.name}: tells nobody")
    protocols = sorted(made["protocol"] for made in plan.of_kind("huaweicloud_smn_subscription"))
    wanted = ["email"] * len(plan.given["alarm_emails"])
    wanted += [name for name, url in (("dingding", "dingtalk_url"), ("feishu", "feishu_url")) if plan.given.get(url)]
    need(protocols == sorted(wanted), f"the topic tells {protocols}, not {sorted(wanted)}")


def check_redis(plan):
    (redis,) = plan.of_kind("huaweicloud_dcs_instance")
    (subnet,) = [made for made in plan.of_kind("huaweicloud_vpc_subnet") if made.name.endswith(".functions")]
    allowed = [address for values in redis.inside("whitelists") for address in values["ip_address"]]
    need(redis.values.get("whitelist_enable") is True and allowed == [subnet["cidr"]],
         f"{redis.name}: only the functions may reach it, not {allowed}")
    parameters = {values["name"]: values["value"] for values in redis.inside("parameters")}
    need(parameters.get("maxmemory-policy") == "noeviction", f"{redis.name}: may evict values")
    need(redis["ssl_enable"] is plan.given.get("redis_tls", True), f"{redis.name}: TLS is not as asked")
    need(redis.inside("backup_policy"), f"{redis.name}: has no backups")


def check_network(plan):
    ways_out = len(plan.of_kind("huaweicloud_nat_snat_rule"))
    need(ways_out == int(plan.given.get("outbound", False)), "the way to the internet is not as asked")
    for rule in plan.of_kind("huaweicloud_networking_secgroup_rule"):
        need(rule["port_range_min"] == rule["port_range_max"] and rule["port_range_min"] in (80, 443),
             f"{rule.name}: opens more than http and https")


def check_agency(plan):
    (role,) = plan.of_kind("huaweicloud_identity_role")
    actions = [action for statement in json.loads(role["policy"])["Statement"] for action in statement["Action"]]
    need(len(actions) <= 5 and all(action.startswith("vpc:") and "*" not in action for action in actions),
         f"{role.name}: more than FunctionGraph needs for a subnet")

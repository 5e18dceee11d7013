"""Each function has a role of its own, with exactly the permissions that it needs."""

from reading import need

TRUST = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
SECRET = "aws-secret:"


def check(installation):
    roles = {}
    for key, binary in installation.functions.items():
        name = installation.properties(key)["Role"].strip("<>").removesuffix(".Arn")
        need(name not in roles, f"{key}: shares its role with {roles.get(name)}")
        roles[name] = key
        role = installation.properties(name)
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        need(trust == TRUST, f"{name}: others than Lambda may use the role")
        check_permissions(name, permissions(installation, role), wanted(installation, key, binary))
    unused = set(installation.of_kind("AWS::IAM::Role")) - set(roles)
    need(not unused, f"{installation.name}: no function uses the roles {sorted(unused)}")


def check_permissions(name, given, needed):
    need(not needed - given, f"{name}: lacks {sorted(needed - given)}")
    need(not given - needed, f"{name}: may do too much: {sorted(given - needed)}")


def permissions(installation, role):
    """Pairs of an action and a resource. A statement with a condition has it in its resource."""
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    for arn in role.get("ManagedPolicyArns", []):
        need(arn.startswith("<"), f"{arn}: is not a policy of this template")
        documents.append(installation.properties(arn.strip("<>"))["PolicyDocument"])
    statements = [statement for document in documents for statement in document["Statement"]]
    return {pair for statement in statements for pair in pairs(statement)}


def pairs(statement):
    need(statement["Effect"] == "Allow", "a role denies; write what it may do")
    condition = statement.get("Condition")
    suffix = f" if {condition}" if condition else ""
    return {(action, resource + suffix) for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])}


def listed(value):
    return value if isinstance(value, list) else [value]


def wanted(installation, key, binary):
    """docs/stores.md says what a function needs in the table. A secret is needed if a setting names it."""
    table = "<Store.Arn>"
    if installation.parameters["RestoredTable"]:
        table = f"arn:aws:dynamodb:eu-test-1:111122223333:table/{installation.parameters['RestoredTable']}"
    log = installation.properties(key)["LoggingConfig"]["LogGroup"].strip("<>")
    found = {("dynamodb:GetItem", table), ("dynamodb:PutItem", table),
             ("logs:CreateLogStream", f"<{log}.Arn>"), ("logs:PutLogEvents", f"<{log}.Arn>")}
    if binary == "relay":
        found |= {("dynamodb:Query", f"{table}/index/{index}") for index in ("agenda", "catalogue")}
    return found | secrets(installation, key)


def secrets(installation, key):
    texts = [text for text in installation.environment(key).values() if str(text).startswith(SECRET)]
    arns = {text.removeprefix(SECRET).split("#")[0] for text in texts}
    found = {("secretsmanager:GetSecretValue", arn) for arn in arns}
    own_key = installation.parameters["SecretKmsKeyArn"]
    if arns and own_key:
        through = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-test-1.amazonaws.com"}}
        found.add(("kms:Decrypt", f"{own_key} if {through}"))
    return found

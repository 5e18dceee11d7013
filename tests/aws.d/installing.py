"""What a template creates for one installation: Amazon's own transform turns SAM's resources into CloudFormation's,
and then conditions and functions are computed."""

import copy
import logging
import re

from evaluating import Values
from reading import Problem, FUNCTION, binary_of, need
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

# The transform counts its own work for Amazon, and would warn that nobody collects the counts.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)


class NoManagedPolicies:
    """The transform asks for the names of Amazon's policies. The template uses none."""

    def load(self):
        return {}


class Installation:
    """The resources that exist, with their values. `given` are the parameters that the seller sets."""

    def __init__(self, template, name, given):
        self.name, self.given = name, given
        self.parameters = parameters(template, given)
        check_rules(template, self.parameters)
        transformed = transformed_by_sam(template, self.parameters)
        values = Values(transformed, self.parameters)
        need(transformed["Rules"] == template["Rules"], "the transform loses rules")
        resources = transformed["Resources"]
        self.resources = {key: resources[key] | {"Properties": values.value(resources[key]["Properties"])}
                          for key in resources if key in values.known}
        outputs = transformed["Outputs"].items()
        self.outputs = {key: values.value(output["Value"]) for key, output in outputs
                        if "Condition" not in output or values.holds(output["Condition"])}
        # The programs, by resource.
        self.functions = {key: binary_of(resource) for key, resource in template["Resources"].items()
                          if resource["Type"] == FUNCTION and key in values.known}

    def of_kind(self, kind):
        return {key: resource["Properties"] for key, resource in self.resources.items() if resource["Type"] == kind}

    def properties(self, key):
        return self.resources[key]["Properties"]

    def environment(self, key):
        return self.properties(key)["Environment"]["Variables"]

    def one(self, kind, fits, what):
        """The one resource of a kind that fits."""
        found = [(key, values) for key, values in self.of_kind(kind).items() if fits(values)]
        need(len(found) == 1, f"{self.name}: {what}: {len(found)} resources of {kind}, not one")
        return found[0]


def parameters(template, given):
    """The values of all parameters. CloudFormation checks each."""
    declared = template["Parameters"]
    for name in given:
        need(name in declared, f"parameter {name}: does not exist")
    for name, parameter in declared.items():
        need(name in given or "Default" in parameter, f"parameter {name}: is required")
    values = {name: given.get(name, parameter.get("Default")) for name, parameter in declared.items()}
    for name, parameter in declared.items():
        check_value(name, parameter, values[name])
    return values


def check_value(name, parameter, value):
    fits = value in parameter.get("AllowedValues", [value])
    fits = fits and re.fullmatch(parameter.get("AllowedPattern", "(?s).*"), str(value)) is not None
    fits = fits and len(str(value)) >= int(parameter.get("MinLength", 0)) and len(str(value)) <= 4096
    if parameter["Type"] == "Number":
        fits = fits and parameter.get("MinValue", value) <= value <= parameter.get("MaxValue", value)
    need(fits, f"parameter {name} {parameter.get('ConstraintDescription', 'has a value that is not allowed')}")


def check_rules(template, values):
    checked = Values({"Resources": {}}, values)
    for rule in template["Rules"].values():
        if "RuleCondition" in rule and not checked.truth(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            need(checked.truth(assertion["Assert"]), assertion["AssertDescription"])


def transformed_by_sam(template, values):
    """The template after `Transform: AWS::Serverless-2016-10-31`, as it would be at Amazon."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        if resource["Type"] == FUNCTION:
            resource["Properties"]["CodeUri"] = "s3://packages/made-up.zip"
    try:
        return transform(packaged, dict(values), NoManagedPolicies())
    except InvalidDocumentException as fault:
        raise Problem("; ".join(cause.message for cause in fault.causes)) from fault

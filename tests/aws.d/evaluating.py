"""Computes CloudFormation's functions, for the values of one installation."""

import re

from reading import Problem

PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-test-1",
    "AWS::StackName": "koohook",
    "AWS::URLSuffix": "amazonaws.com",
}
# What `AWS::NoValue` is replaced by, until it is removed.
NOTHING = object()


class Values:
    """The values of parameters, and the names of resources. `known` are the resources that exist."""

    def __init__(self, template, parameters):
        self.parameters = parameters
        self.conditions = template.get("Conditions", {})
        resources = template["Resources"].items()
        self.known = {name for name, resource in resources
                      if "Condition" not in resource or self.holds(resource["Condition"])}

    def holds(self, name):
        if name not in self.conditions:
            raise Problem(f"condition {name}: does not exist")
        return self.truth(self.conditions[name])

    def truth(self, tree):
        """Whether a tree of a condition holds."""
        ((name, operand),) = tree.items()
        if name == "Condition":
            return self.holds(operand)
        if name == "Fn::And":
            return all([self.truth(part) for part in operand])
        if name == "Fn::Or":
            return any([self.truth(part) for part in operand])
        if name == "Fn::Not":
            return not self.truth(operand[0])
        if name == "Fn::Equals":
            first, second = [str(self.value(part)) for part in operand]
            return first == second
        if name == "Fn::Contains":
            return self.value(operand[1]) in self.value(operand[0])
        raise Problem(f"{name}: cannot be in a condition")

    def value(self, tree):
        """The value of a tree."""
        if isinstance(tree, list):
            return [value for value in map(self.value, tree) if value is not NOTHING]
        if not isinstance(tree, dict):
            return tree
        if len(tree) == 1:
            ((name, operand),) = tree.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self.function(name, operand)
        values = {name: self.value(part) for name, part in tree.items()}
        return {name: value for name, value in values.items() if value is not NOTHING}

    def function(self, name, operand):
        if name == "Ref":
            return self.reference(operand)
        if name == "Fn::If":
            return self.value(operand[1] if self.holds(operand[0]) else operand[2])
        if name == "Fn::GetAtt":
            return self.attribute(operand if isinstance(operand, str) else ".".join(operand))
        if name == "Fn::Sub":
            return self.substitute(operand)
        operand = self.value(operand)
        if name == "Fn::Select":
            return selected(operand[1], int(operand[0]))
        if name == "Fn::Split":
            return parts(*operand)
        if name == "Fn::Join":
            return operand[0].join(operand[1])
        raise Problem(f"{name}: is not a function that the checker knows")

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return f"<{self.resource(name)}>"

    def attribute(self, text):
        name, attribute = text.split(".", 1)
        return f"<{self.resource(name)}.{attribute}>"

    def resource(self, name):
        if name not in self.known:
            raise Problem(f"{name}: is used, but does not exist in this installation")
        return name

    def substitute(self, operand):
        text, given = operand if isinstance(operand, list) else (operand, {})
        given = {name: self.value(part) for name, part in given.items()}

        def replacement(match):
            name = match.group(1)
            if name in given:
                return str(given[name])
            return self.attribute(name) if "." in name else str(self.reference(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", replacement, text)


def parts(separator, text):
    """It is not documented whether empty parts at the end remain. So no template may rely on them."""
    found = text.split(separator)
    while found and found[-1] == "":
        found.pop()
    return found


def selected(values, index):
    if index >= len(values):
        raise Problem(f"part {index} of {values} is selected, but may not exist")
    return values[index]

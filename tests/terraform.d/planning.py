"""Plans as `terraform plan` does: evaluates every resource for given variables. What only the platform knows, such
as an id, is a text that names it."""

from evaluating import evaluate, pairs
from reading import Problem

# Arguments that Terraform itself reads.
META = {"for_each", "count", "depends_on", "provider"}
# What the platform answers where a text in brackets would not do. The address is the longest that there is.
ANSWERS = {
    ("huaweicloud_availability_zones", "names"): ["zone-a", "zone-b", "zone-c"],
    ("huaweicloud_dcs_flavors", "flavors"): [{"name": "a flavor"}],
    ("huaweicloud_apig_environments", "environments"): [{"id": "the environment RELEASE"}],
    ("huaweicloud_dcs_instance", "private_ip"): "255.255.255.255",
    ("huaweicloud_dcs_instance", "port"): 65535,
}


class Instance:
    """One resource that Terraform would create, or one answer of a data source."""

    def __init__(self, kind, name, key, provider):
        self.kind, self.key, self.provider = kind, key, provider
        self.name = f"{kind}.{name}" + ("" if key is None else f"[{key}]")
        self.values, self.blocks = {}, []

    def __getitem__(self, attribute):
        if attribute in self.values:
            return self.values[attribute]
        if (self.kind, attribute) in ANSWERS:
            return ANSWERS[self.kind, attribute]
        if not self.provider.has(self.kind, attribute):
            raise Problem(f"{self.name}: has no attribute {attribute}")
        return f"<{attribute} of {self.name}>"

    def inside(self, kind):
        """The values of its blocks of a kind."""
        return [values for name, values in self.blocks if name == kind]


class Later:
    """A table whose values are evaluated when they are needed, once."""

    def __init__(self, what, make):
        self.what, self.make, self.made, self.open = what, make, {}, set()

    def __getitem__(self, name):
        if name in self.open:
            raise Problem(f"{self.what}{name} refers to itself")
        if name not in self.made:
            self.open.add(name)
            self.made[name] = self.make(name)
            self.open.discard(name)
        return self.made[name]


class Plan:
    """What Terraform would create for the given variables."""

    def __init__(self, configuration, provider, given):
        self.configuration, self.provider, self.given = configuration, provider, given
        self.names = {
            "var": Later("var.", self.variable),
            "local": Later("local.", self.local),
            "data": Later("data.", lambda kind: Later(f"data.{kind}.", lambda name: self.read(kind, name))),
        }
        for kind in {kind for kind, _ in configuration.resources}:
            self.names[kind] = Later(f"{kind}.", lambda name, kind=kind: self.resource(kind, name))
        for name in configuration.variables:
            self.validate(name)
        self.resources = {key: self.names[key[0]][key[1]] for key in configuration.resources}
        self.outputs = {name: self.evaluate(block.attributes["value"], f"output.{name}")
                        for name, block in configuration.outputs.items()}

    def evaluate(self, tree, place, more=None):
        try:
            return evaluate(tree, {**self.names, **(more or {})})
        except Problem as problem:
            raise Problem(f"{place}: {problem}") from problem

    def variable(self, name):
        block = self.configuration.variables.get(name)
        if block is None:
            raise Problem(f"var.{name} is not declared")
        if name in self.given:
            return self.given[name]
        if "default" not in block.attributes:
            raise Problem(f"var.{name} has no value")
        return self.evaluate(block.attributes["default"], f"var.{name}")

    def validate(self, name):
        for rule in self.configuration.variables[name].inside("validation"):
            if not self.evaluate(rule.attributes["condition"], f"var.{name}"):
                raise Problem(f"var.{name}: {self.evaluate(rule.attributes['error_message'], name)}")

    def local(self, name):
        if name not in self.configuration.locals:
            raise Problem(f"local.{name} is not declared")
        return self.evaluate(self.configuration.locals[name], f"local.{name}")

    def read(self, kind, name):
        block = self.configuration.data.get((kind, name))
        if block is None:
            raise Problem(f"data.{kind}.{name} is not declared")
        return self.instance(block, kind, name, None, {})

    def resource(self, kind, name):
        """An instance, or a table of them if the resource has `for_each` or `count`."""
        block = self.configuration.resources.get((kind, name))
        if block is None:
            raise Problem(f"{kind}.{name} is not declared")
        if "count" in block.attributes:
            count = self.evaluate(block.attributes["count"], block.name)
            return [self.instance(block, kind, name, number, {}) for number in range(count)]
        if "for_each" in block.attributes:
            each = self.evaluate(block.attributes["for_each"], block.name)
            return {key: self.instance(block, kind, name, key, {"each": {"key": key, "value": value}})
                    for key, value in pairs(each)}
        return self.instance(block, kind, name, None, {})

    def instance(self, block, kind, name, key, more):
        made = Instance(kind, name, key, self.provider)
        made.values, made.blocks = self.body(block, more, made.name)
        for rule in [rule for cycle in block.inside("lifecycle") for rule in cycle.inside("precondition")]:
            if not self.evaluate(rule.attributes["condition"], made.name, more):
                raise Problem(f"{made.name}: {self.evaluate(rule.attributes['error_message'], made.name)}")
        return made

    def body(self, block, more, place):
        """The values of a block, and its blocks by kind."""
        values = {name: self.evaluate(tree, f"{place}: {name}", more)
                  for name, tree in block.attributes.items() if name not in META}
        blocks = []
        for inner in block.blocks:
            if inner.kind == "dynamic":
                blocks += self.dynamic(inner, more, place)
            elif inner.kind != "lifecycle":
                blocks.append((inner.kind, self.whole(inner, more, place)))
        return {name: value for name, value in values.items() if value is not None}, blocks

    def whole(self, block, more, place):
        values, blocks = self.body(block, more, f"{place}: {block.kind}")
        for kind, inner in blocks:
            values.setdefault(kind, []).append(inner)
        return values

    def dynamic(self, block, more, place):
        (kind,), (content,) = block.labels, block.inside("content")
        each = self.evaluate(block.attributes["for_each"], place, more)
        return [(kind, self.whole(content, {**more, kind: {"key": key, "value": value}}, f"{place}: {kind}"))
                for key, value in pairs(each)]

    def of_kind(self, kind):
        """The instances of a kind."""
        found = []
        for (its_kind, _), made in self.resources.items():
            if its_kind == kind:
                found += made.values() if isinstance(made, dict) else made if isinstance(made, list) else [made]
        return found

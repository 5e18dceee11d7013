"""The lives of instances: the calls of the marketplace in order, and what koohook must know after them."""

from dataclasses import dataclass, field

EXPIRY = "20301005160000"


@dataclass
class Life:
    """One instance. `notices` are the types that its calls must cause."""

    order: str
    contract: str
    is_released: bool
    instance: str = ""
    notices: list = field(default_factory=list)

    def calls(self):
        """Each call: its members, and the type of the notice that it causes."""
        steps = v1_steps(self) if self.contract == "v1" else v2_steps(self)
        for members, notice in steps:
            yield members | ({"instanceId": self.instance} if self.instance else {})
            if notice:
                self.notices.append(f"instance.{notice}")

    @property
    def state(self):
        return "released" if self.is_released else "frozen"


def v1_steps(life):
    order = life.order
    buyer = {"customerId": "C1", "customerName": "测试 + 企业", "email": "", "productId": "P1"}
    freeze = {"activity": "instanceStatus", "instanceStatus": "FREEZE"}
    yield {"activity": "newInstance", "orderId": order} | buyer, "created"
    yield {"activity": "queryInstance"}, None
    yield {"activity": "refreshInstance", "orderId": f"{order}R", "expireTime": EXPIRY,
           "orderAmount": "10.5"}, "renewed"
    yield freeze, "frozen"
    yield {"activity": "instanceStatus", "instanceStatus": "NORMAL"}, "thawed"
    yield {"activity": "upgrade", "orderId": f"{order}U", "skuCode": "S2", "productId": "P2"}, "upgraded"
    if life.is_released:
        yield {"activity": "releaseInstance", "orderId": order}, "released"
    else:
        yield freeze, "frozen"


def v2_steps(life):
    line = lambda order: {"orderId": order, "orderLineId": f"{order}-000001"}
    freeze = {"activity": "updateInstanceStatus", "status": "FREEZE"}
    yield {"activity": "newInstance"} | line(life.order), "created"
    yield {"activity": "queryInstance"}, None
    yield {"activity": "refreshInstance", "scene": "RENEWAL", "expireTime": EXPIRY} | \
        line(f"{life.order}R"), "renewed"
    yield freeze, "frozen"
    yield {"activity": "queryInstance"}, None
    yield {"activity": "updateInstanceStatus", "status": "UNFREEZE"}, "thawed"
    yield {"activity": "upgradeInstance"} | line(f"{life.order}U"), "upgraded"
    if life.is_released:
        yield {"activity": "releaseInstance"} | line(f"{life.order}D"), "released"
    else:
        yield freeze, "frozen"

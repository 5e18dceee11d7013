"""Both pages describe each parameter and output, and say of each kind of resource how it was tried."""

from reading import CODE, PAGES, need, page, table_rows


def check(template, installations):
    kinds = {resource["Type"] for installation in installations for resource in installation.resources.values()}
    for name in PAGES:
        check_names(name, {**template["Parameters"], **template["Outputs"]})
        named = {code for cells in table_rows(name) for code in CODE.findall(cells[0]) if code.startswith("AWS::")}
        need(named == kinds, f"{name}: the table of the resources differs: {sorted(named ^ kinds)}")


def check_names(name, wanted):
    text = page(name)
    for one in wanted:
        need(f"`{one}`" in text, f"{name}: does not name `{one}`")

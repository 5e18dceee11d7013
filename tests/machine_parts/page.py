"""The commands of docs/deploy/machine.md, in the order in which an operator types them."""

from pathlib import Path

# What an operator types by hand, and what the test types in its place.
TYPED = {
    "cat > base.key ": "printf '%s' {key} > base.key ",
    "koohook conform https://seller.example.com/saasproduce":
        "koohook conform http://127.0.0.1:8001/saasproduce",
}
# Blocks of another proxy, of another way to the same end, and of an optional part.
OTHERS = ("caddy", "certbot", "completions", "--since", "product.conf")


class Page:
    """A page in Markdown, by its headings."""

    def __init__(self, path, key):
        self.text, self.key = Path(path).read_text(), key

    def section(self, heading):
        """The text under a heading, up to the next one of its level."""
        _, found, rest = self.text.partition(f"\n## {heading}")
        assert found, f"the page has no heading that begins with {heading}"
        return rest.partition("\n## ")[0]

    def blocks(self, heading, language):
        """The blocks of one language under a heading."""
        pieces = self.section(heading).split("```")[1::2]
        named = [piece.partition("\n") for piece in pieces]
        return [text for name, _, text in named if name.strip() == language]

    def commands(self):
        """Every command of the page, without its comment."""
        blocks = [block for section in self.text.split("\n## ")[1:]
                  for block in self.blocks(section.partition("\n")[0], "sh")]
        return [line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines()]

    def script(self, heading):
        """The commands under a heading, as a script."""
        blocks = [block for block in self.blocks(heading, "sh")
                  if not any(other in block for other in OTHERS)]
        assert blocks, f"the page has no commands under {heading}"
        return "\n".join(self.typed(block) for block in blocks)

    def typed(self, block):
        for shown, typed in TYPED.items():
            block = block.replace(shown, typed.format(key=self.key))
        first, _, rest = block.partition("\n")
        if first.startswith("sudo -u koohook -s"):
            # A shell of that user, which gets the other lines.
            return f"sudo -u koohook bash -e <<'END'\n{rest}END\n"
        return block

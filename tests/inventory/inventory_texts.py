"""Files of integrations as people might write them: any indentation, both styles, comments anywhere, any line break."""

from hypothesis import strategies as st

from inventory.integrations.writing import inline, scalar

IDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PRINTABLE = st.text(max_size=40).map(lambda t: "".join(c for c in t if c.isprintable()).strip()).filter(bool)
COMMENTS = st.sampled_from(["# a remark: with, [signs] {in} it", "#", "# - {id: old, kind: client}", "#\u00e9\u2713"])


@st.composite
def footholds(draw, most=3):
    """Some footholds, each with an id and a name of its own."""
    ids = draw(st.lists(IDS, min_size=1, max_size=most, unique=True))
    return [
        {
            "id": id_,
            "kind": draw(st.sampled_from(["client", "user", "path"])),
            "at": draw(IDS),
            "name": draw(PRINTABLE) + id_,
        }
        for id_ in ids
    ]


@st.composite
def integration(draw):
    """An integration as a person declares it."""
    made = {"title": draw(PRINTABLE), "owner": "it-ops"}
    if draw(st.booleans()):
        made["addresses"] = ["203.0.113.10", "198.51.100.0/24"]
    made["footholds"] = draw(footholds())
    if draw(st.booleans()):
        made["critical"] = draw(st.booleans())
    return made


@st.composite
def texts(draw):
    """One file, and the ids of its integrations."""
    names = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    listed = {name: draw(integration()) for name in names}
    writer = _Writer(draw)
    blocks = [writer.integrations(listed)]
    if draw(st.booleans()):
        blocks.append(writer.ours())
    if draw(st.booleans()):
        blocks.reverse()
    if draw(st.integers(0, 9)) == 0:
        parts = [
            f"integrations: {inline(listed)}",
            'ours: [{kind: client, at: idp, why: "it is ours", client: portal}]',
        ]
        lines = [
            "{"
            + draw(st.sampled_from([", ", ",\n ", ",  # x\n  "])).join(parts)
            + draw(st.sampled_from(["", ","]))
            + "}"
        ]
    else:
        lines = [line for block in blocks for line in block]
    text = "\n".join(writer.commented(lines))
    text += draw(st.sampled_from(["", "\n", "\n\n", "\n# the end", "\n# the end\n", "  # after\n", "\n...\n"]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\n", "\r"])))
    return draw(st.sampled_from(["", "", "\ufeff"])) + draw(
        st.sampled_from(["", "", "# first\n", "---\n"])
    ) + text, names


class _Writer:
    def __init__(self, draw):
        self.draw = draw
        self.step = draw(st.integers(1, 5))
        self.dash = draw(st.integers(0, 4))

    def integrations(self, listed):
        if self.draw(st.integers(0, 5)) == 0:
            return [f"integrations: {inline(listed)}"]
        lines = ["integrations:"]
        for name, fields in listed.items():
            if self.draw(st.integers(0, 4)) == 0:
                lines.append(f"{' ' * self.step}{scalar(name)}: {inline(fields)}")
                continue
            lines.append(f"{' ' * self.step}{scalar(name)}:")
            for key, value in fields.items():
                lines += self.key(key, value)
        return lines

    def key(self, key, value):
        blank = " " * (2 * self.step)
        if not isinstance(value, list):
            return [f"{blank}{key}: {scalar(value)}"]
        style = self.draw(st.integers(0, 3))
        if style == 0:
            return [f"{blank}{key}: {inline(value)}"]
        dash = blank + " " * self.dash
        if style == 1:
            inner = [f"{dash}  {inline(one)}" for one in value]
            comma = self.draw(st.sampled_from(["", ","]))
            return [f"{blank}{key}: [", *(one + "," for one in inner[:-1]), inner[-1] + comma, f"{blank}]"]
        lines = [f"{blank}{key}:"]
        for one in value:
            if style == 2 or not isinstance(one, dict):
                lines.append(f"{dash}- {inline(one)}")
            else:
                lines += [f"{dash}{'  ' if at else '- '}{k}: {inline(v)}" for at, (k, v) in enumerate(one.items())]
        return lines

    def ours(self):
        entry = {"kind": "client", "at": "idp", "why": "it is ours", "client": "portal"}
        if self.draw(st.booleans()):
            return [f"ours: [{inline(entry)}]"]
        return ["ours:", f"{' ' * self.dash}- {inline(entry)}"]

    def commented(self, lines):
        made = []
        for line in lines:
            for _ in range(self.draw(st.integers(0, 1))):
                made.append(" " * self.draw(st.integers(0, 9)) + self.draw(COMMENTS))
            made.append(line + self.draw(st.sampled_from(["", "", "   ", "  # behind"])))
            if self.draw(st.integers(0, 5)) == 0:
                made.append("")
        return made

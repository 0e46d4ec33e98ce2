"""A message or a modal as somebody reads it aloud: top to bottom, buttons in brackets. Not a word that Slack would not show."""


def aloud(payload):
    found = []
    if "title" in payload:
        found += [f"<< {payload['title']['text']} >>"]
    for block in payload["blocks"]:
        found += [*_block(block), ""]
    if "submit" in payload:
        found.append(f"[{payload['close']['text']}] [{payload['submit']['text']}]")
    return "\n".join(found).rstrip() + "\n"


def _block(block):
    match block["type"]:
        case "header":
            return [f"## {shown(block['text'])}"]
        case "section":
            accessory = block.get("accessory")
            return [shown(block["text"])] + ([_element(accessory)] if accessory else [])
        case "context":
            return ["(" + " | ".join(shown(one) for one in block["elements"]) + ")"]
        case "actions":
            return [" ".join(_element(one) for one in block["elements"])] + [
                f"   {one['text']['text']} asks first: {one['confirm']['title']['text']} {shown(one['confirm']['text'])}"
                f" [{one['confirm']['deny']['text']}] [{one['confirm']['confirm']['text']}]"
                for one in block["elements"] if "confirm" in one
            ]  # fmt: skip
        case "input":
            return [f"{shown(block['label'])}: {_element(block['element'])}"] + (
                [f"   {shown(block['hint'])}"] if "hint" in block else []
            )
    raise AssertionError(f"nobody can read a block of type {block['type']}")


def _element(element):
    match element["type"]:
        case "button":
            return f"[{shown(element['text'])}]"
        case "static_select":
            chosen = element.get("initial_option")
            lines = [
                f"   {'>' if option == chosen else '-'} {shown(option['text'])}"
                + (f"\n       {shown(option['description'])}" if "description" in option else "")
                for option in element["options"]
            ]
            return "a menu\n" + "\n".join(lines)
        case "external_select":
            chosen = element.get("initial_option")
            return f"a menu that asks as one types{': ' + shown(chosen['text']) if chosen else ''}"
        case "plain_text_input":
            return f"____ {element.get('initial_value', '')}".rstrip()
        case "datetimepicker":
            return "a date and a time"
    raise AssertionError(f"nobody can read an element of type {element['type']}")


def shown(text):
    """What Slack shows of a text: its markup read, its entities as letters."""
    said = text["text"]
    if text["type"] == "mrkdwn":
        said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return said

"""The checked syntax tree of an expression, as CEL hands it over, and what can be read off it.

The wheel gives it as bytes and ships no description of them; the shapes below are CEL's public ones
(google/api/expr/v1alpha1/checked.proto), of which only what is used is declared.
"""

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_F = descriptor_pb2.FieldDescriptorProto
_TYPES = {"string": _F.TYPE_STRING, "int64": _F.TYPE_INT64, "int32": _F.TYPE_INT32, "bool": _F.TYPE_BOOL}

# message -> fields "name=number:type", `*` for a list, `|name` when it belongs to the one-of that tells what it is.
_SHAPES = {
    "Empty": "",
    "Constant": "null_value=1:int64|is bool_value=2:bool|is int64_value=3:int64|is string_value=6:string|is",
    "Ident": "name=1:string",
    "Select": "operand=1:Expr field=2:string test_only=3:bool",
    "Call": "target=1:Expr function=2:string args=3:Expr*",
    "List": "elements=1:Expr*",
    "Struct": "message_name=1:string",
    "Loop": "iter_var=1:string iter_range=2:Expr accu_var=3:string accu_init=4:Expr loop_condition=5:Expr "
    "loop_step=6:Expr result=7:Expr iter_var2=8:string",
    "Expr": "id=2:int64 const_expr=3:Constant|is ident_expr=4:Ident|is select_expr=5:Select|is call_expr=6:Call|is "
    "list_expr=7:List|is struct_expr=8:Struct|is comprehension_expr=9:Loop|is",
    "ListType": "elem_type=1:Type",
    "Type": "dyn=1:Empty|is primitive=3:int64|is well_known=5:int64|is list_type=6:ListType|is message_type=9:string|is",
    "Position": "key=1:int64 value=2:int32",
    "Typed": "key=1:int64 value=2:Type",
    "Source": "positions=4:Position*",
    "Checked": "type_map=3:Typed* expr=4:Expr source_info=5:Source",
}


def _checked_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="tree.proto", package="tree", syntax="proto3")
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        for spec in fields.split():
            field_name, _, rest = spec.partition("=")
            number, _, kind = rest.partition(":")
            kind, _, one_of = kind.partition("|")
            many = kind.endswith("*")
            kind = kind.removesuffix("*")
            field = message.field.add(name=field_name, number=int(number))
            field.label = _F.LABEL_REPEATED if many else _F.LABEL_OPTIONAL
            field.type = _TYPES.get(kind, _F.TYPE_MESSAGE)
            if kind not in _TYPES:
                field.type_name = f".tree.{kind}"
            if one_of:
                field.oneof_index = 0
                if not message.oneof_decl:
                    message.oneof_decl.add(name=one_of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tree.Checked"))


_CHECKED = _checked_class()


class Tree:
    """One expression's tree, with the type and the position of each part."""

    def __init__(self, serialized: bytes) -> None:
        holder = any_pb2.Any()
        holder.ParseFromString(serialized)
        checked = _CHECKED.FromString(holder.value)
        self.root: Any = checked.expr
        self._types = {entry.key: entry.value for entry in checked.type_map}
        self._positions = {entry.key: entry.value for entry in checked.source_info.positions}

    def message(self, node: Any) -> str | None:
        """Name the message type of a part, if it is one."""
        found = self._types.get(node.id)
        return str(found.message_type) if found is not None and found.WhichOneof("is") == "message_type" else None

    def loose(self, node: Any) -> bool:
        """Whether a part has no type of its own, or is a list of such."""
        found = self._types.get(node.id)
        while found is not None and found.WhichOneof("is") == "list_type":
            found = found.list_type.elem_type
        return found is not None and found.WhichOneof("is") == "dyn"

    def offset(self, node: Any) -> int:
        """Say where a part begins, in characters from the start of the expression."""
        return int(self._positions.get(node.id, 0))

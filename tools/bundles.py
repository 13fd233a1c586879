"""Makes few modules of many, for a firmware: what is loaded at one time is frozen as one module.

A module costs a chip 64 to 128 bytes of RAM before it has a name in it, and each name that one
module imports from another 8 more. The source is divided for who reads it; what a client that is
made has loaded, the errors, and what the first call loads are three modules in a firmware
(manifest.py).

MicroPython's dicts grow in steps: with 128 names the client's module would take 320 bytes more,
and the call's with 168 names 448. They have 123 and 161.

The text of functions and classes stays as it is, but for names: an import from a module of the
same bundle needs none, and a private name that two modules have is told apart. Under the other
names of a bundle's modules lie stubs, for who imports one of them first; from then on each of them
is the bundle (sys.modules), so that code outside of it need not know.
"""

import ast
import os
import re
from pathlib import Path

from name_scopes import SCOPES, bound_in, evaluated, is_local

# The first one gives the bundle its name: it is what a program imports first of it.
CLIENT = """\
thinwire.core._compat thinwire.core._micropython thinwire.core.client thinwire.core.error_kinds
thinwire.core.adapters thinwire.core.routing.deployment thinwire.core.routing.policy
thinwire.core.routing.health thinwire.core.routing.router thinwire.core.wire.reserve
thinwire.core.wire.http1_request thinwire_device.wait thinwire_device.socket_transport
thinwire_device.loading"""
# For who names an error before there is a call, and who only reads events (thinwire.sse).
ERRORS = "thinwire.core.errors thinwire.core.wire.sse"
CALL = """\
thinwire.core.exchange thinwire.core.answer.events thinwire.core.answer.chunk
thinwire.core.answer.completion thinwire.core.answer.chunk_memo
thinwire.core.answer.assembler thinwire.core.answer.answer thinwire.core.dialects.openai
thinwire.core.wire.json_encode thinwire.core.request.http_request thinwire.core.request.call
thinwire.core.routing.plan thinwire.core.stream thinwire.core.wire.http1
thinwire_device.connection thinwire_device.dns thinwire_device.http11"""
BUNDLES = (tuple(CLIENT.split()), tuple(ERRORS.split()), tuple(CALL.split()))
_MICROPYTHON = "thinwire.core._micropython"
_COMPAT = "thinwire.core._compat"
_LOADING = "thinwire_device.loading"  # its one text says what a call loads
_HOME = {name: names[0] for names in BUNDLES for name in names}

# What decides at compile time: as constants whose names begin with an underscore they take
# nothing, and MicroPython's compiler leaves out what they rule out.
_FOLDED = {"TYPE_CHECKING": "_TYPE_CHECKING", "MICROPYTHON": "_MICROPYTHON"}
# What each token asks for. A name of Python's own is looked for among those of the module first,
# one after the other: 170 of them.
_HOT = ("isinstance", "len", "memoryview", "str")
_HEAD = """\
del __file__
import sys
_TYPE_CHECKING = const(False)
_MICROPYTHON = const(True)
"""
_TAIL = """\
def of_bundle(name):
    if name in globals():
        return globals()[name]
    raise AttributeError("no attribute %%r" %% name)
sys.modules.update(dict.fromkeys(%r, sys.modules[__name__]))
"""
_STUB = "from %s import of_bundle as __getattr__\n"
_DROPPED = ("const", "public")  # of _compat: the compiler knows the first, the second is nothing

_PROSE = re.compile(r'"""[A-Z](?:.|\n)*?"""|(?:^|  )\s*# .*', re.M)


class BundleError(Exception):
    """Two modules cannot be one; the text says why."""


def texts(sources: "dict[str, Path]", asked: "set[str]") -> "dict[str, str]":
    """The text of each module of a bundle: of one the bundle's, of the others their stubs.

    Args:
        sources: module name -> file, of all modules of a bundle at least.
        asked: names that code outside of them has.

    Raises:
        BundleError: there is a name with two meanings.
    """
    found: dict[str, str] = {}
    modules = {name: _Module(name, file, asked) for name, file in sources.items()}
    modules[_COMPAT].literals = modules[_MICROPYTHON].literals
    for names in BUNDLES:
        found[names[0]] = _merged(_ordered([modules[name] for name in names]), modules)
        for name in names[1:]:
            found[name] = _STUB % names[0]
    return found


def write(folder: str, bases: "dict[str, str]") -> "dict[str, list[str]]":
    """Writes those into a folder, for a build, which looks at the time of each file.

    Args:
        folder: where to; the packages lie in it.
        bases: name of a package -> the folder that it lies in.

    Returns:
        Name of a package -> the files of it that were written, e.g. "core/errors.py".
    """
    sources = {}
    for name in _HOME:
        package = name.partition(".")[0]
        sources[name] = Path(bases[package]) / (name.replace(".", "/") + ".py")
    sources["thinwire"] = Path(bases["thinwire"]) / "thinwire/__init__.py"
    found: dict[str, list[str]] = {package: [] for package in bases}
    for name, text in texts(sources, _asked(bases, sources)).items():
        package, _, rest = (name.replace(".", "/") + ".py").partition("/")
        found[package].append(rest)
        file = Path(folder) / package / rest
        file.parent.mkdir(parents=True, exist_ok=True)
        # Builds beside this one may read it at any moment.
        fresh = file.with_name("%s.%d" % (file.name, os.getpid()))
        fresh.write_text(text)
        fresh.replace(file)
    return found


def _asked(bases: "dict[str, str]", sources: "dict[str, Path]") -> "set[str]":
    # Each word of the files that are in no bundle, but for what is said to people.
    bundled = set(sources.values()) - {sources["thinwire"]}
    found: set[str] = set()
    for package, base in bases.items():
        for file in (Path(base) / package).rglob("*.py"):
            if file not in bundled and "cpython" not in file.parts:
                found.update(re.findall(r"\w+", _PROSE.sub("", file.read_text("utf-8"))))
    return found


class _Module:
    # One module: its text, its names, and what is to be put in place of what.
    def __init__(self, name: str, file: Path, asked: "set[str]") -> None:
        self.name = name
        self.asked = asked
        # That one hands on what another has, which is in the same bundle.
        text = "MICROPYTHON = True\n" if name == _COMPAT else file.read_text("utf-8")
        self.source = text.encode()
        self.tree = ast.parse(self.source)
        self.starts = [0]  # of each line
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.own: set[str] = set()  # names that it makes
        self.taken: dict[str, tuple[str, str]] = {}  # name -> module and name there, "" for itself
        self.literals: dict[str, str] = {}  # name of a constant -> what it is
        for node in self.tree.body:
            self._look(node)
        rebound: set[str] = set()
        for inner in ast.walk(self.tree):
            if isinstance(inner, ast.Global):
                rebound.update(inner.names)
        self.constants: list[ast.Assign] = []
        self.numbers: dict[str, ast.Assign] = {}  # public ones that are said to be constant
        for said in self.tree.body:
            if isinstance(said, ast.Assign) and isinstance(said.targets[0], ast.Name):
                self._look_at_constant(said, said.targets[0].id, rebound)

    def _look_at_constant(self, node: ast.Assign, name: str, rebound: "set[str]") -> None:
        value = node.value
        if name in rebound:
            return
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
            value = value.args[0]
            if not name.startswith("_"):
                self.numbers[name] = node
        elif name.startswith("_") and _is_constant(value):
            self.constants.append(node)
        simple = isinstance(value, ast.Constant) or ast.unparse(value) in ("object", "Exception")
        if simple:
            start, end = self.span(value)
            self.literals[name] = self.source[start:end].decode()

    def _look(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                self.taken[one.asname or one.name] = (node.module, one.name)
        elif isinstance(node, ast.Import):
            for one in node.names:
                self.taken[one.asname or one.name] = (one.name, "")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.own.add(node.name)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pass  # nobody needs it at run time
        else:
            for inner in ast.walk(node):
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    self.own.add(inner.name)
                elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    self.own.add(inner.id)
                elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                    self.own.update(one.asname or one.name for one in inner.names)
        if self.name != _COMPAT:
            self.own -= set(_FOLDED)

    def place(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt) -> "tuple[int, int]":
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.place(node.lineno, node.col_offset)
        return start, self.place(node.end_lineno, node.end_col_offset)


def _ordered(modules: "list[_Module]") -> "list[_Module]":
    # Each stands behind those that it imports.
    inside = {module.name: module for module in modules}
    found: dict[str, _Module] = {}

    def place(module: _Module, above: "tuple[str, ...]") -> None:
        if module.name in above:
            raise BundleError("%s imports itself, by way of others" % module.name)
        for other, name in module.taken.values():
            for wanted in (other, "%s.%s" % (other, name)):
                if wanted in inside and wanted not in found:
                    place(inside[wanted], (*above, module.name))
        found[module.name] = module

    for module in modules:
        if module.name not in found:
            place(module, ())
    return list(found.values())


def _merged(modules: "list[_Module]", outside: "dict[str, _Module]") -> str:
    inside = {module.name: module for module in modules}
    owners: dict[str, str] = {}
    renamed: dict[tuple[str, str], str] = {}  # of a module, a name -> what it is called here
    for module in modules:
        for name in sorted(module.own):
            if name not in owners:
                owners[name] = module.name
            elif name.startswith("_") or name not in module.asked:
                other = "%s_%s" % (name, module.name.rpartition(".")[2])
                if other in owners:
                    raise BundleError("%s is in two modules" % other)
                renamed[module.name, name] = other
                owners[other] = module.name
            else:
                raise BundleError("%s is of %s and of %s" % (name, owners[name], module.name))
    imports: dict[str, tuple[str, str]] = {}
    bodies = []
    for module in modules:
        names: dict[str, str] = {} if module.name == _COMPAT else dict(_FOLDED)
        names.update({old: new for (owner, old), new in renamed.items() if owner == module.name})
        names.update({name: module.literals[name] for name in module.numbers})
        modules_as: dict[str, _Module] = {}
        for local, (place, name) in module.taken.items():
            place, name = _origin(place, name, outside, inside)
            whole = inside.get("%s.%s" % (place, name))
            if place == _COMPAT and name in (*_DROPPED, *_FOLDED):
                continue
            if place == _COMPAT and place in inside:
                place = _MICROPYTHON
            if place == "micropython" and module.name != _MICROPYTHON:
                continue  # the compiler knows what is a constant, without
            if whole is not None:
                modules_as[local] = whole
            elif place in inside and name in inside[place].literals:
                names[local] = inside[place].literals[name]
            elif place in inside:
                origin = inside[place]
                while name in origin.taken and origin.taken[name][0] in inside:
                    origin = inside[origin.taken[name][0]]
                final = renamed.get((origin.name, name), name)
                if name in origin.taken:
                    final = _imported(imports, owners, *origin.taken[name], name)
                names[local] = final
            elif place in (_COMPAT, _MICROPYTHON, "thinwire") and name in outside[place].literals:
                names[local] = outside[place].literals[name]
            else:
                names[local] = _imported(imports, owners, place, name, local)
        edits = _Edits(module, names, modules_as, renamed)
        bodies.append("# %s\n%s" % (module.name, edits.text()))
    text = "".join(bodies)
    itself = "_bundle = sys.modules[__name__]\n" if "_bundle." in text else ""
    hot = "".join("%s = %s\n" % (name, name) for name in _HOT)
    return _HEAD + hot + itself + _import_lines(imports) + text + _tail(modules)


def _origin(
    place: str, name: str, outside: "dict[str, _Module]", inside: "dict[str, _Module]"
) -> "tuple[str, str]":
    # Where a name comes from that a module of an earlier bundle hands on.
    while place in _HOME and place not in inside and name in outside[place].taken:
        further, there = outside[place].taken[name]
        if further not in _HOME:
            break
        place, name = further, there
    return place, name


def _imported(
    imports: "dict[str, tuple[str, str]]",
    owners: "dict[str, str]",
    place: str,
    name: str,
    local: str,
) -> str:
    # What a name from outside is called in the bundle.
    if place.startswith("thinwire") and place not in _HOME:
        # It may need what is being loaded.
        raise BundleError("%s is loaded with a bundle, and in none: see BUNDLES" % place)
    place = _HOME.get(place, place)
    meant = (place, name)
    called = local
    while called in owners or imports.get(called, meant) != meant:
        called = "_" + called
    imports[called] = meant
    return called


def _import_lines(imports: "dict[str, tuple[str, str]]") -> str:
    lines = []
    for called, (place, name) in sorted(imports.items()):
        as_other = "" if called == (name or place) else " as " + called
        lines.append(
            "from %s import %s%s\n" % (place, name, as_other)
            if name
            else "import %s%s\n" % (place, as_other)
        )
    return "".join(line for line in lines if line != "import sys\n")


def _tail(modules: "list[_Module]") -> str:
    # As literals, which lie in flash, and without a further global, for which the dict might grow.
    return _TAIL % (tuple(module.name for module in modules),)


class _Edits:
    # What becomes of the text of one module.
    def __init__(
        self,
        module: _Module,
        names: "dict[str, str]",
        modules_as: "dict[str, _Module]",
        renamed: "dict[tuple[str, str], str]",
    ) -> None:
        self._module = module
        self._names = names
        self._modules_as = modules_as
        self._renamed = renamed
        self._found: list[tuple[int, int, str]] = []

    def text(self) -> str:
        module = self._module
        for node in module.tree.body:
            if _is_dropped(node):
                self._cut(node)
                continue
            if isinstance(node, ast.Assign) and node in module.constants:
                # In no dict then, but where it is used.
                name = ast.unparse(node.targets[0])
                start, end = module.span(node.value)
                value = module.source[start:end].decode()
                if module.name == _LOADING:
                    value = repr(
                        " ".join(names[0].removeprefix("thinwire") for names in BUNDLES[1:])
                    )
                self._put(node, "%s = const(%s)" % (self._names.get(name, name), value))
            elif isinstance(node, ast.Assign) and node in module.numbers.values():
                name = ast.unparse(node.targets[0])
                value = module.literals[name]
                form = "%s = %s" if name in module.asked else "_%s = const(%s)"
                self._put(node, form % (name, value))
            else:
                self._visit(node, ())
        pieces, at = [], 0
        for start, end, new in sorted(self._found):
            pieces += [module.source[at:start].decode(), new]
            at = end
        return "".join(pieces) + module.source[at:].decode()

    def _cut(self, node: ast.stmt) -> None:
        start, end = self._module.span(node)
        self._found.append((start, end, ""))

    def _put(self, node: ast.expr | ast.stmt, new: str) -> None:
        start, end = self._module.span(node)
        self._found.append((start, end, new))

    def _visit(self, node: ast.AST, scopes: "tuple[set[str], ...]") -> None:
        if isinstance(node, ast.Name):
            if node.id in self._names and not is_local(node.id, scopes):
                new = self._names[node.id]
                if new != node.id:
                    self._put(node, new)
            elif node.id in self._modules_as and not is_local(node.id, scopes):
                raise BundleError("%s is used as a value in %s" % (node.id, self._module.name))
            return
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            other = self._modules_as.get(node.value.id)
            if other is not None and not is_local(node.value.id, scopes):
                name = self._renamed.get((other.name, node.attr), node.attr)
                if node.attr in other.literals:
                    name = other.literals[node.attr]
                elif is_local(name, scopes):
                    name = "_bundle." + name
                self._put(node, name)
                return
        if isinstance(node, ast.JoinedStr):
            raise BundleError("an f-string does not say where its names are")
        if isinstance(node, ast.Global) and set(node.names) & set(self._names):
            raise BundleError("a global name of %s is told apart" % self._module.name)
        if isinstance(node, ast.ImportFrom):
            self._import_inside(node)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._define(node, scopes)
            return
        if isinstance(node, SCOPES):
            scopes = (*scopes, bound_in(node))
        for child in evaluated(node):
            self._visit(child, scopes)

    def _define(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
        scopes: "tuple[set[str], ...]",
    ) -> None:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name) and decorator.id == "public":
                start, end = self._module.span(decorator)
                self._found.append((start - 1, end, ""))
            else:
                self._visit(decorator, scopes)
        if node.name in self._names and not scopes:
            source = self._module.source
            start = source.index(node.name.encode(), self._module.span(node)[0])
            self._found.append((start, start + len(node.name), self._names[node.name]))
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                self._visit(base, scopes)
            self._forget_where(node)
            # What a class binds is not seen by its methods.
            bound = bound_in(node)
            for child in node.body:
                is_method = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
                self._visit(child, scopes if is_method else (*scopes, bound))
            return
        for value in (*node.args.defaults, *node.args.kw_defaults):
            if value is not None:
                self._visit(value, scopes)
        scopes = (*scopes, bound_in(node))
        for child in node.body:
            self._visit(child, scopes)

    def _forget_where(self, node: ast.ClassDef) -> None:
        # MicroPython begins each class with two names that nobody asks for, and 8 bytes for each.
        first = node.body[0]
        line = getattr(first, "decorator_list", None) and first.decorator_list[0].lineno  # type: ignore[attr-defined]
        start = self._module.place(line or first.lineno, first.col_offset)
        text = "del __module__, __qualname__\n" + " " * first.col_offset
        self._found.append((start, start, text))

    def _import_inside(self, node: ast.ImportFrom) -> None:
        if len(node.names) == 1:
            one = node.names[0]
            home = _HOME.get("%s.%s" % (node.module, one.name))
            if home is not None:
                package, _, name = home.rpartition(".")
                local = one.asname or one.name
                self._put(node, "from %s import %s as %s" % (package, name, local))
                return
        home = _HOME.get(node.module or "")
        if home is None:
            return
        for one in node.names:
            new = self._renamed.get((node.module or "", one.name), one.name)
            if new != one.name:
                raise BundleError("%s is private to %s" % (one.name, node.module))
        start, end = self._module.span(node)
        text = self._module.source[start:end].decode()
        self._found.append((start, end, text.replace(node.module or "", home, 1)))


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return bool(node.elts) and all(_is_constant(one) for one in node.elts)
    return isinstance(node, ast.Constant) and node.value is not None


def _is_dropped(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in ("TYPE_CHECKING", "__all__")
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)  # the docstring

"""Reads an x86-64 ELF executable into functions and the edges between them.

Tools: objdump (instructions), nm (function starts, every alias of them), readelf (which name stands
behind a slot of the global offset table), swift demangle (full form, not --simplified: the
simplified form leaves out module names, which the root expressions begin with).
"""

import bisect
import re
import subprocess


class Unreadable(Exception):
    """The binary or a list cannot be judged."""


# How one function leads to another.
CALL, TAIL, TAKEN, FALL = "calls", "jumps", "takes", "falls"

# Prefixes that the optimiser puts before the name of the function that it copied or changed.
_DERIVED = re.compile(
    r"^(merged |static |generic specialization <.*?> of |generic not re-abstracted specialization"
    r" <.*?> of |function signature specialization <.*?> of |specialized )"
)
_LINE = re.compile(r"^\s*([0-9a-f]+):\t(.*)$")
_HEADING = re.compile(r"^([0-9a-f]+) <(.*)>:$")
_DIRECT = re.compile(r"^(?:bnd |notrack |data16 |rex\.W )*(callq?|j[a-z]+|loop[a-z]*|xbegin)"
                     r"(?:,p[nt])?\s+([0-9a-f]+)\b")
_RIP = re.compile(r"\(%rip\).*# ([0-9a-f]+)")
_INDIRECT = re.compile(r"^(?:bnd |notrack |data16 |cs |rex\.W )*(call|jmp)q?\s+\*")
_THIRD_ARGUMENT = re.compile(r"^movl?\s+\$0x([0-9a-f]+),%edx$")
_SYSTEM_CALL = re.compile(r"^(?:syscall|sysenter|int\s+\$0x80)")
_PADDING = re.compile(r"^(?:data16 |cs )*(?:nop|int3|xchg\s+%ax,%ax)")
_ENDING = re.compile(r"^(?:bnd |notrack |rep[z]? )*(?:ret|jmp|ud2|hlt|call|iret)")
_RELOCATION = re.compile(r"^([0-9a-f]{8,})\s+[0-9a-f]{8,}\s+R_X86_64_(\w+)\s+(.*)$")


class Function:
    """What one function does, as far as the gate asks."""

    __slots__ = ("edges", "indirect_calls", "indirect_jumps", "switches", "traps", "locked",
                 "system_calls", "third_arguments", "third", "since_offset", "last")

    def __init__(self):
        self.edges = []  # (how, target: address or external name, address of the instruction)
        self.indirect_calls = 0
        self.indirect_jumps = 0
        self.switches = 0  # jumps through a table of offsets within the function
        self.traps = 0
        self.locked = 0
        self.system_calls = []  # addresses
        self.third_arguments = {}  # address of a call -> its third argument, where that is constant
        self.third = None
        self.since_offset = 99  # instructions since an offset was read that may be such a table's
        self.last = ""

    def copied_bytes(self):
        """Bytes that calls of memcpy and memmove of known size copy: whole structures."""
        return sum(
            self.third_arguments.get(at, 0) for _, target, at in self.edges
            if target in ("memcpy", "memmove"))


class Binary:
    """The functions of an executable by address, with every name that each has."""

    def __init__(self, path):
        self.path = str(path)
        with open(path, "rb") as file:
            header = file.read(20)
        if header[:5] != b"\x7fELF\x02" or header[18:20] != b"\x3e\x00":
            raise Unreadable(f"{path}: not an x86-64 ELF file")
        if header[16] != 3:
            # Elsewhere a function's address may be taken by any immediate.
            raise Unreadable(f"{path}: not position independent")
        self.names = {}  # address -> names as linked
        self.external_stubs = {}  # address of a PLT stub -> symbol
        self.slots = {}  # address of a data word -> function address or external symbol
        self.functions = {}
        self._read_symbols()
        self._read_slots()
        self._disassemble()
        self._join_fall_through()
        self._demangle()

    # Reading

    def _tool(self, *arguments):
        result = subprocess.run(arguments, capture_output=True, text=True, errors="replace")
        if result.returncode != 0:
            raise Unreadable(f"{arguments[0]}: {result.stderr.strip()}")
        return result.stdout

    def _read_symbols(self):
        for line in self._tool("nm", "--defined-only", self.path).splitlines():
            parts = line.split(" ", 2)
            if len(parts) == 3 and parts[1] in "tTwWi":
                self.names.setdefault(int(parts[0], 16), []).append(parts[2].partition("@")[0])
        if not self.names:
            raise Unreadable(f"{self.path}: no symbols; the gate needs an unstripped binary")
        self._by_name = {name: a for a, names in self.names.items() for name in names}

    def _read_slots(self):
        functions = set()
        for line in self._tool("readelf", "--dyn-syms", "-W", self.path).splitlines():
            parts = line.split()
            if len(parts) >= 8 and parts[3] in ("FUNC", "IFUNC"):
                functions.add(parts[7].partition("@")[0])
        for line in self._tool("readelf", "-r", "-W", self.path).splitlines():
            match = _RELOCATION.match(line)
            if not match:
                continue
            slot, kind, value = int(match[1], 16), match[2], match[3].split()
            if kind in ("RELATIVE", "IRELATIV", "IRELATIVE"):
                target = int(value[-1], 16)
                if target in self.names:
                    self.slots[slot] = target
            elif kind in ("GLOB_DAT", "JUMP_SLOT", "64") and len(value) >= 2:
                name = value[1].partition("@")[0]
                if name in self._by_name:
                    self.slots[slot] = self._by_name[name]
                elif name in functions or kind == "JUMP_SLOT":
                    self.slots[slot] = name

    def _disassemble(self):
        process = subprocess.Popen(
            ["objdump", "-d", "--no-show-raw-insn", self.path], stdout=subprocess.PIPE, text=True,
            errors="replace")
        function, in_plt = None, False
        for line in process.stdout:
            match = _LINE.match(line)
            if match:
                address = int(match[1], 16)
                if in_plt:
                    continue
                if address in self.names or function is None:
                    function = self.functions.setdefault(address, Function())
                self._instruction(function, address, match[2])
                continue
            if line.startswith("Disassembly of section"):
                function, in_plt = None, ".plt" in line
                continue
            heading = _HEADING.match(line)
            if heading and in_plt and heading[2].endswith("@plt"):
                self.external_stubs[int(heading[1], 16)] = heading[2][:-4].partition("@")[0]
        if process.wait() != 0:
            raise Unreadable(f"{self.path}: objdump failed")
        self.starts = sorted(self.functions)
        for address, function in self.functions.items():
            function.edges = [e for e in map(self._resolve, function.edges) if e[1] != address]

    def _instruction(self, function, address, text):
        if _PADDING.match(text):
            return
        function.last = text
        function.since_offset = 0 if text.startswith("movslq") else function.since_offset + 1
        direct = _DIRECT.match(text)
        if direct:
            how = CALL if direct[1].startswith("call") else TAIL
            function.edges.append((how, int(direct[2], 16), address))
            if how == CALL and function.third is not None:
                function.third_arguments[address] = function.third
                function.third = None
            return
        third = _THIRD_ARGUMENT.match(text)
        if third:
            function.third = int(third[1], 16)
        if text.startswith("ud2"):
            function.traps += 1
        elif text.startswith("lock "):
            function.locked += 1
        elif _SYSTEM_CALL.match(text):
            function.system_calls.append(address)
        slot = _RIP.search(text)
        target = int(slot[1], 16) if slot else None
        indirect = _INDIRECT.match(text)
        if indirect:
            if target in self.slots:
                how = CALL if indirect[1] == "call" else TAIL
                function.edges.append((how, self.slots[target], address))
            elif indirect[1] == "call":
                function.indirect_calls += 1
            elif function.since_offset <= 3:
                function.switches += 1
                function.since_offset = 99
            else:
                function.indirect_jumps += 1
        elif target in self.slots:
            function.edges.append((TAKEN, self.slots[target], address))
        elif text.startswith("lea") and target is not None:
            function.edges.append((TAKEN, target, address))

    def _resolve(self, edge):
        """Names the function or external symbol that an edge's address lies in."""
        how, target, at = edge
        if isinstance(target, str):
            return edge
        if target in self.external_stubs:
            return how, self.external_stubs[target], at
        if how == TAKEN:
            # Addresses of data, and of places within a function, are no functions.
            return (how, target, at) if target in self.functions else (how, self._home(at), at)
        return how, self._home(target), at

    def _home(self, address):
        return self.starts[max(0, bisect.bisect_right(self.starts, address) - 1)]

    def _join_fall_through(self):
        """A label within a function looks like a function's start: control falls into it."""
        for address, following in zip(self.starts, self.starts[1:]):
            function = self.functions[address]
            if function.last and not _ENDING.match(function.last):
                function.edges.append((FALL, following, address))

    # Names

    def _demangle(self):
        addresses = [a for a in self.starts if a in self.names]
        mangled = [name for a in addresses for name in self.names[a]]
        result = subprocess.run(
            ["swift", "demangle"], input="\n".join(mangled) + "\n", capture_output=True, text=True)
        plain = result.stdout.splitlines()
        if result.returncode != 0 or len(plain) != len(mangled):
            raise Unreadable(f"swift demangle: {result.stderr.strip() or 'lines are missing'}")
        plain = iter(plain)
        self.demangled = {a: [next(plain) for _ in self.names[a]] for a in addresses}

    def display(self, address):
        return self.demangled.get(address, [f"{address:#x}"])[0]

    def matching(self, pattern):
        """Addresses of the functions whose name the pattern finds, or of which they are copies."""
        return [
            a for a in self.starts
            if any(pattern.search(n) or pattern.search(base(n)) for n in self.demangled.get(a, ()))
        ]


def base(name):
    """The name without what says how the optimiser or the linker came to this copy of it."""
    while True:
        match = _DERIVED.match(name)
        if not match:
            return name
        name = name[match.end():]

"""The walk over everything that the roots reach."""

import collections

import forbidden

Finding = collections.namedtuple("Finding", "rule function how target at")


def walk(binary, roots, allowed):
    """Walks breadth first, so that each chain is a shortest one.

    A function whose address is taken counts as called: a pointer that the packet path makes is for
    the packet path to call. A forbidden function ends its branch of the walk. Returns how each
    function was reached (address -> (address of the caller or None, how)), the findings, and the
    allowed external functions with the number of places that call them.
    """
    reached = {}
    queue = collections.deque()
    for root in roots:
        if root not in reached:
            reached[root] = (None, "")
            queue.append(root)
    findings, seen = [], set()
    externals = collections.Counter()

    def report(rule, function, how, target, at):
        if (rule, function, target) not in seen:
            seen.add((rule, function, target))
            findings.append(Finding(rule, function, how, target, at))

    for root in list(queue):
        broken = _rule(binary, root)
        if broken:
            report(broken, root, "is", binary.display(root), root)

    while queue:
        address = queue.popleft()
        function = binary.functions[address]
        for at in function.system_calls:
            report("system call", address, "has", "a system call instruction", at)
        for how, target, at in function.edges:
            if isinstance(target, str):
                broken = forbidden.rule(target)
                if broken:
                    report(broken, address, how, target, at)
                elif target in allowed:
                    externals[target] += 1
                else:
                    report("external function that is not allowed", address, how, target, at)
                continue
            broken = _rule(binary, target)
            if broken:
                report(broken, address, how, binary.display(target), at)
            elif target not in reached:
                reached[target] = (address, how)
                queue.append(target)
    return reached, findings, externals


def _rule(binary, address):
    names = binary.names.get(address, ())
    plain = binary.demangled.get(address, ())
    for name, demangled in zip(names, plain):
        broken = forbidden.rule(name, demangled)
        if broken:
            return broken
    return None


def chain(reached, address):
    """The functions from a root to `address`, each with how the one before it leads there."""
    steps = []
    while address is not None:
        caller, how = reached[address]
        steps.append((address, how))
        address = caller
    return steps[::-1]



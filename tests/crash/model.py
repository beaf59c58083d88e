"""What one writer's subtree must look like after each of its operations.

A writer has a subtree that nobody else writes, and its operations are carried out in the order in
which they were sent. So after a crash the subtree must be in the state behind its first n
operations, for one n between those that were acknowledged and those that were sent. Nothing else is
right: a lost operation, one that was never sent, a wrong version and a sequence number given twice
all show.
"""

import copy
import dataclasses

import wire


@dataclasses.dataclass
class Op:
    """kind: create, set, delete, get, close. `path` of a create is without the sequence number."""
    kind: str
    path: str = ''
    data: bytes = b''
    flags: int = 0
    version: int = -1


@dataclasses.dataclass
class Node:
    """As Stat has it; a zxid of None was not told to anybody, because the crash came first."""
    data: bytes
    owner: int
    czxid: int | None
    mzxid: int | None
    pzxid: int | None
    version: int = 0
    creates: int = 0
    children: set = dataclasses.field(default_factory=set)

    @property
    def cversion(self):
        return 2 * self.creates - len(self.children)


class Subtree:
    """The nodes below `root`, and which session its ephemerals belong to."""

    def __init__(self, root, session_id=0):
        self.root = root
        self.session_id = session_id
        self.nodes = {root: Node(b'', 0, None, None, None)}

    def apply(self, op, zxid=None):
        """Carries `op` out; (error, what the reply holds)."""
        return getattr(self, '_' + op.kind)(op, zxid)

    def _create(self, op, zxid):
        parent_path, _, name = op.path.rpartition('/')
        parent = self.nodes.get(parent_path)
        if parent is None:
            return wire.NO_NODE, None
        if op.flags & wire.SEQUENTIAL:
            name += f'{parent.creates:010}'
        path = f'{parent_path}/{name}'
        if path in self.nodes:
            return wire.NODE_EXISTS, None
        if parent.owner:
            return wire.NO_CHILDREN_FOR_EPHEMERALS, None
        owner = self.session_id if op.flags & wire.EPHEMERAL else 0
        self.nodes[path] = Node(op.data, owner, zxid, zxid, zxid)
        parent.children.add(name)
        parent.creates += 1
        parent.pzxid = zxid
        return 0, path

    def _set(self, op, zxid):
        node = self.nodes.get(op.path)
        if node is None:
            return wire.NO_NODE, None
        if op.version not in (-1, node.version):
            return wire.BAD_VERSION, None
        node.data, node.mzxid = op.data, zxid
        node.version += 1
        return 0, node.version

    def _delete(self, op, zxid):
        node = self.nodes.get(op.path)
        if node is None:
            return wire.NO_NODE, None
        if op.version not in (-1, node.version):
            return wire.BAD_VERSION, None
        if node.children:
            return wire.NOT_EMPTY, None
        self._remove(op.path, zxid)
        return 0, None

    def _get(self, op, _):
        node = self.nodes.get(op.path)
        return (wire.NO_NODE, None) if node is None else (0, node.data)

    def _close(self, _, zxid):
        for path in [path for path, node in self.nodes.items() if node.owner]:
            self._remove(path, zxid)
        self.session_id = 0
        return 0, None

    def _remove(self, path, zxid):
        del self.nodes[path]
        parent_path, _, name = path.rpartition('/')
        parent = self.nodes[parent_path]
        parent.children.discard(name)
        parent.pzxid = zxid

    def differences(self, seen):
        """In words, how `seen` (path -> (data, Stat)) differs from this; empty if it does not."""
        found = [f'{path} is missing' for path in self.nodes.keys() - seen.keys()]
        found += [f'{path} should not be there' for path in seen.keys() - self.nodes.keys()]
        for path in self.nodes.keys() & seen.keys():
            node, (data, stat) = self.nodes[path], seen[path]
            expected = (node.data, node.version, node.cversion, node.owner, len(node.children))
            got = (data, stat.version, stat.cversion, stat.ephemeral_owner, stat.num_children)
            if got != expected:
                found.append(f'{path}: (data, version, cversion, owner, children) is {got}, '
                             f'should be {expected}')
            for name in ('czxid', 'mzxid', 'pzxid'):
                told = getattr(node, name)
                if told is not None and told != getattr(stat, name):
                    found.append(f'{path}: {name} is {getattr(stat, name):#x}, '
                                 f'the client was told {told:#x}')
        return found

    def adopt_zxids(self, seen):
        """Takes over the zxids that nobody was told."""
        for path, node in self.nodes.items():
            stat = seen[path][1]
            node.czxid, node.mzxid, node.pzxid = stat.czxid, stat.mzxid, stat.pzxid


def match(acknowledged, pending, seen):
    """The state that `seen` is in: `acknowledged` or one behind some of the `pending` operations.

    Returns (state, how many of the pending were carried out, []) or (None, 0, differences).
    """
    state = copy.deepcopy(acknowledged)
    differences = state.differences(seen)
    if not differences:
        return state, 0, []
    for count, op in enumerate(pending, 1):
        state.apply(op)
        if not state.differences(seen):
            return state, count, []
    return None, 0, differences

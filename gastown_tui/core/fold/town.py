"""The town: one reading over the ledgers of the town and its rigs. A lone `.beads` is a town with one ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gastown_tui.core.errors import NotFound
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId, MailId, RigName, shown
from gastown_tui.core.model.settings import Settings
from gastown_tui.core.model.town import Agent, Dispatch, Hook, Mail, MergeRequest, Rig


class Town:
    """Everything the ledgers say, by the names people use.

    Attributes:
        ledgers: State by ledger name: "" for the town's own (or the lone one), rig names for the rigs'.
        is_town: False for a lone `.beads` with no town around it.
    """

    __slots__ = ("_settings", "is_town", "ledgers")

    def __init__(
        self,
        ledgers: Mapping[str, LedgerState],
        settings: Settings | Callable[[], Settings] | None = None,
        *,
        is_town: bool = True,
    ) -> None:
        self.ledgers = ledgers
        self.is_town = is_town
        self._settings = settings or Settings()

    @property
    def settings(self) -> Settings:
        """What people set, read from their files when first wanted.

        Raises:
            BadInput: a file cannot be read as settings.
        """
        if not isinstance(self._settings, Settings):
            self._settings = self._settings()
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def own(self) -> LedgerState:
        """The town's own ledger: agents, mail, convoys, nudges, rigs."""
        return self.ledgers[""]

    @property
    def name(self) -> str:
        """What the town is called."""
        return self.own.registers.town_name or self.settings.name

    # ------------------------------------------------------------------------------------------ beads

    def prefixes(self) -> dict[str, str]:
        """Bead prefixes, without dash, and the ledger each routes to."""
        own = self.own.registers
        routes = {rig.prefix: rig.name for rig in own.rigs.values()}
        return {(own.prefix or self.settings.prefix): "", **routes}

    def ledger_of(self, bead_id: str) -> str:
        """The ledger a bead id belongs to, by longest prefix.

        Raises:
            NotFound: no ledger of this town has that prefix.
        """
        if len(self.ledgers) == 1:
            return ""
        if bead_id in self.own.beads:
            return ""
        routes = self.prefixes()
        for prefix in sorted(routes, key=len, reverse=True):
            if bead_id.startswith(prefix + "-"):
                return routes[prefix]
        for name, ledger in self.ledgers.items():
            if bead_id in ledger.beads:
                return name
        known = ", ".join(f"{prefix}-" for prefix in sorted(routes))
        raise NotFound(f"no ledger of this town has the prefix of {shown(bead_id)}", hint=f"prefixes here: {known}")

    def find(self, bead_id: str) -> Bead | None:
        """A bead by its exact id; None when there is none, or it was deleted."""
        try:
            bead = self.ledgers[self.ledger_of(bead_id)].beads.get(BeadId(bead_id))
        except (NotFound, KeyError):
            return None
        return None if bead is None or bead.status == "tombstone" else bead

    def bead(self, bead_id: str) -> Bead:
        """A bead by its exact id.

        Raises:
            NotFound: there is none.
        """
        bead = self.find(bead_id)
        if bead is None:
            raise NotFound(f"there is no bead {shown(bead_id)}", hint="bd list shows what there is")
        return bead

    def beads(self) -> Iterator[Bead]:
        """Every bead of every ledger, deleted ones apart."""
        for ledger in self.ledgers.values():
            for bead in ledger.beads.all():
                if bead.status != "tombstone":
                    yield bead

    def dependents(self, bead_id: BeadId) -> tuple[tuple[BeadId, str], ...]:
        """Beads anywhere with an edge to this one, and the edge's type."""
        found = [pair for ledger in self.ledgers.values() for pair in ledger.beads.dependents(bead_id)]
        return tuple(sorted(found))

    def convoys(self) -> list[Bead]:
        """Every convoy, by id."""
        return self.own.beads.of_kind("convoy")

    def rig_of(self, bead_id: str) -> RigName | None:
        """The rig whose ledger holds a bead; None for the town's own."""
        name = self.ledger_of(bead_id)
        return RigName(name) if name else None

    # ------------------------------------------------------------------------------------------ people

    def agents(self) -> list[Agent]:
        """Every agent that was not retired, by address."""
        agents = self.own.registers.agents
        return [agents[address] for address in sorted(agents) if agents[address].state != "retired"]

    def agent(self, address: Address) -> Agent | None:
        """One agent; None when it was never registered or is retired."""
        agent = self.own.registers.agents.get(address)
        return None if agent is None or agent.state == "retired" else agent

    def hooks(self) -> dict[Address, Hook]:
        """What hangs on every hook of the town."""
        hooks: dict[Address, Hook] = {}
        for ledger in self.ledgers.values():
            hooks.update(ledger.registers.hooks)
        return hooks

    def hook(self, address: Address) -> Hook | None:
        """What hangs on one agent's hook."""
        for ledger in self.ledgers.values():
            if (hook := ledger.registers.hooks.get(address)) is not None:
                return hook
        return None

    def holder(self, bead_id: str) -> Hook | None:
        """The hook a bead hangs on."""
        for hook in self.hooks().values():
            if hook.bead_id == bead_id:
                return hook
        return None

    def dispatches(self) -> list[Dispatch]:
        """Slings that wait for room in any rig, oldest first."""
        found = [each for ledger in self.ledgers.values() for each in ledger.registers.dispatches.values()]
        return sorted(found, key=lambda each: (each.queued_at, each.bead_id))

    def last_event(self, actor: str) -> str:
        """When somebody last made an event, in any ledger; empty when never."""
        return max((ledger.registers.seen.get(actor, "") for ledger in self.ledgers.values()), default="")

    def mail(self, message_id: str) -> Mail:
        """One message.

        Raises:
            NotFound: there is none.
        """
        mail = self.own.mail.get(MailId(message_id))
        if mail is None:
            raise NotFound(f"there is no message {shown(message_id)}", hint="gt mail inbox lists them")
        return mail

    # ------------------------------------------------------------------------------------------ rigs and merges

    def rigs(self) -> dict[RigName, Rig]:
        """The town's projects by name."""
        return dict(sorted(self.own.registers.rigs.items()))

    def rig(self, name: str) -> Rig:
        """One project.

        Raises:
            NotFound: the town has no such rig.
        """
        rig = self.own.registers.rigs.get(RigName(name))
        if rig is None:
            known = ", ".join(self.rigs()) or "none yet; gt rig add NAME URL makes one"
            raise NotFound(f"this town has no rig {shown(name)}", hint=f"rigs: {known}")
        return rig

    def merges(self) -> list[MergeRequest]:
        """Every merge request of every rig, oldest first."""
        found = [merge for ledger in self.ledgers.values() for merge in ledger.registers.merges.values()]
        return sorted(found, key=lambda merge: (merge.queued_at, merge.id))

    def merge_for(self, bead_id: str) -> MergeRequest | None:
        """The newest merge request of a bead."""
        merges = (merge for ledger in self.ledgers.values() for merge in ledger.registers.merges.values())
        found = (merge for merge in merges if merge.bead_id == bead_id)
        return max(found, key=lambda merge: (merge.queued_at, merge.id), default=None)

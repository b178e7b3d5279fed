"""Every command and flag that programs written for `bd` may use is declared here, or refused for a reason given."""

from __future__ import annotations

import pytest

from gastown_tui.cli.flags import GLOBALS, parse
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput
from gastown_tui.core.verbs.declare import Verb

SURFACE = """
create: --title --description -d --body -m --message --body-file --description-file --priority -p --type -t
    --assignee -a --design --acceptance --notes --append-notes --external-ref --spec-id --labels -l --label --id
    --parent --deps --waits-for --waits-for-gate --estimate -e --due --defer --ephemeral --mol-type --wisp-type --force
    --validate --agent-rig --event-category --event-actor --event-target --event-payload --repo --rig --prefix --file
    -f --dry-run --silent
new:
q: --priority -p --type -t --labels -l
todo:
todo add: -p -d
todo list: --all
todo done: --reason
show: --id --short --refs --children --thread --local-time --as-of
view:
list: --status -s --priority -p --priority-min --priority-max --assignee -a --no-assignee --type -t --label -l
    --label-any --no-labels --label-pattern --label-regex --title --title-contains --desc-contains --notes-contains
    --id --spec --created-after --created-before --updated-after --updated-before --closed-after --closed-before
    --due-after --due-before --defer-after --defer-before --deferred --overdue --empty-description --pinned --no-pinned
    --parent --filter-parent --mol-type --wisp-type --include-templates --include-gates --ready --all --limit -n --sort
    --reverse -r --long --pretty --tree --watch -w --no-pager --format
children:
ready: --limit -n --priority -p --assignee -a --unassigned -u --sort -s --label -l --label-any --type -t --parent
    --mol-type --include-deferred --pretty --mol --gated
blocked: --parent
update: --status -s --priority -p --title --type -t --assignee -a --description -d --body -m --message --body-file
    --description-file --design --acceptance --acceptance-criteria --notes --append-notes --external-ref --spec-id
    --estimate -e --add-label --remove-label --set-labels --parent --claim --session --due --defer --await-id
    --ephemeral --persistent --metadata
close: --reason -r --resolution -m --message --force -f --session --suggest-next --continue --no-auto
reopen: --reason -r
defer: --until
undefer:
delete: --force -f --dry-run --cascade --hard --reason --from-file
restore:
edit: --title --description --design --notes --acceptance
label add:
label remove:
label list:
label list-all:
comments: --local-time
comments add: --file -f --author -a
comment:
dep: --blocks -b
dep add: --blocked-by --depends-on --type -t
dep remove:
dep rm:
dep list: --direction --type -t
dep tree: --max-depth -d --direction --reverse --status --type -t --show-all-paths --format
dep cycles:
dep relate:
dep unrelate:
relate:
unrelate:
duplicate: --of
supersede: --with
duplicates: --auto-merge --dry-run
find-duplicates: --method --threshold --status -s --limit -n --model
find-dups:
epic status: --eligible-only
epic close-eligible: --dry-run
swarm validate: --verbose
swarm status:
swarm create: --coordinator --force
swarm list:
graph: --all --compact --box
state:
state list:
set-state: --reason
ship: --force --dry-run
search: --query --status -s --assignee -a --type -t --label -l --label-any --limit -n --long --sort --reverse -r
    --created-after --created-before --updated-after --updated-before --closed-after --closed-before --priority-min
    --priority-max --desc-contains --notes-contains --empty-description --no-assignee --no-labels
query: --limit -n --all -a --long --sort --reverse -r --parse-only
count: --status -s --assignee -a --type -t --label -l --label-any --title --id --title-contains --desc-contains
    --notes-contains --created-after --created-before --updated-after --updated-before --closed-after --closed-before
    --empty-description --no-assignee --no-labels --priority -p --priority-min --priority-max --by-status --by-priority
    --by-type --by-assignee --by-label
status: --assigned --no-activity --all
stats:
stale: --days -d --status -s --limit -n
orphans: --fix -f --details
lint: --type -t --status -s
activity: --follow -f --mol --since --type --limit --interval --town --details -d
types:
history:
diff:
branch:
vc merge:
vc commit:
vc status:
init: --prefix -p --quiet -q --branch -b --backend --contributor --team --stealth --setup-exclude --skip-hooks
    --skip-merge-driver --force --from-jsonl --server
where:
info: --schema --whats-new --thanks
version: --daemon
config set:
config get:
config list:
config unset:
config validate:
kv set:
kv get:
kv clear:
kv list:
export: --format -f --output -o --force --status -s --assignee -a --type -t --label -l --label-any --priority-min
    --priority-max --created-after --created-before --updated-after --updated-before --id --parent --events
    --events-reset
import: --input -i --skip-existing -s --strict --dedupe-after --dry-run --rename-on-import
    --clear-duplicate-external-refs --orphan-handling --force --protect-left-snapshot --no-git-history
sync: --message -m --dry-run --no-push --no-pull --flush-only --import-only --import --squash --status --merge
    --from-main --check --full --resolve --ours --theirs --manual --accept-rebase --rename-on-import --no-git-history
    --force --set-mode
sync mode list:
sync mode current:
sync mode set:
rename:
rename-prefix: --dry-run --repair
move: --to --keep-open --skip-deps
refile: --keep-open
repo add:
repo remove:
repo list:
repo sync:
quickstart:
human:
onboard:
prime: --full --mcp --stealth --export
thanks:
completion:
preflight: --check
setup: --list --print --output -o --add --check --remove --project --stealth
hooks install: --force --shared --chain --beads
hooks uninstall:
hooks list:
hooks run:
hook:
worktree create: --branch
worktree list:
worktree remove: --force
worktree info:
gate list: --all -a --limit -n
gate show:
gate resolve: --reason -r
gate add-waiter:
gate check: --type -t --dry-run --escalate -e --limit -l
gate discover: --dry-run -n --branch -b --limit -l --max-age -a
slot set:
slot clear:
slot show:
agent state:
agent heartbeat:
agent show:
agent backfill-labels: --dry-run
merge-slot create:
merge-slot check:
merge-slot acquire: --holder --wait
merge-slot release: --holder
mol show: --parallel -p
mol current: --for --limit --range
mol progress:
mol pour: --var --dry-run --assignee --attach --attach-type
mol wisp: --var --dry-run
mol wisp create: --var --dry-run
mol wisp list: --all
mol wisp gc: --dry-run --age --all
mol bond: --type --as --dry-run --var --ephemeral --pour --ref
mol burn: --dry-run --force
mol squash: --dry-run --keep-children --summary
mol distill: --var --dry-run --output
mol seed: --patrol --var
mol stale: --blocking --unassigned --all
mol ready: --gated
cook: --dry-run --persist --force --search-path --prefix --var --mode
formula list: --type
formula show:
formula convert: --all --delete --stdout
template list:
template show:
template instantiate: --var --dry-run --assignee
promote: --reason -r
audit record: --kind --model --prompt --response --issue-id --tool-name --exit-code --error --stdin
audit label: --label --reason
mail:
doctor: --fix --yes -y --interactive -i --dry-run --fix-child-parent --force --source --perf --check-health --check
    --clean --deep --output -o --server --migration --gastown --verbose -v
admin cleanup: --force -f --dry-run --cascade --older-than --hard --ephemeral
admin compact: --stats --analyze --apply --auto --prune --purge-tombstones --dolt --id --summary --tier --all --force
    --dry-run --older-than --limit --batch-size --workers --actor
admin reset: --force
cleanup:
compact:
reset:
detect-pollution: --clean --yes
migrate: --dry-run --cleanup --yes --inspect --update-repo-id --to-dolt --to-sqlite
migrate dolt:
migrate hash-ids:
migrate issues:
migrate sync:
migrate tombstones:
repair: --path --dry-run
resolve-conflicts: --mode --dry-run --path
merge:
daemon: --start --stop --stop-all --status --health --metrics --interval --auto-commit --auto-push --auto-pull --local
    --log --foreground --log-level --log-json
daemons:
upgrade:
backend:
federation sync:
federation status:
federation add-peer:
federation remove-peer:
federation list-peers:
jira:
linear:
gitlab:
"""
"""Commands of the JSONL generation and their own flags, as the reference names them."""

NEWER = """
create: --acceptance-criteria --stdin --graph --metadata
ready: --claim --exclude-label --exclude-type --include-ephemeral --explain --metadata-field --has-metadata-key
    --compat
blocked: --compat
list: --exclude-label --no-parent --flat
close: --claim-next --comment --reason-file
gate create: --blocks --type --await-id --timeout
dep add: --file --no-cycle-check
graph: --dot --html
events list: --limit --since --type --actor --bead
events tail: --limit --follow
events replay: --at
events stats: --since
events export: --since --output
eval completion:
eval throughput:
eval gupp:
pin:
unpin:
note:
rebuild-projections:
repair-deps: --fix
validate: --checks --fix-all
"""
"""Commands and flags of the newer generation, of the MCP client, and of the documents."""

REFUSED = {
    "create-form": "a form in a terminal is what the control room is for",
}
"""Commands that are deliberately not here."""

REFUSED_FLAGS = {
    "sync": {
        *("--check", "--resolve", "--ours", "--theirs", "--manual"),  # logs merge by union: there is no conflict
        "--set-mode",  # there is one way to keep a ledger
    },
    "cook": {"--prefix"},  # a proto is called as its formula
    "formula convert": {"--all", "--delete"},  # one formula at a time, and nothing is deleted on the way
}
"""Flags that are deliberately not here; the command says `unknown flag`."""
REFUSED_BELOW = {"sync mode list", "sync mode current", "sync mode set"}
"""Commands below another that are not here: there is one way to keep a ledger."""


def _read(table: str) -> dict[str, list[str]]:
    surface: dict[str, list[str]] = {}
    command = ""
    for line in table.splitlines():
        head, colon, rest = line.partition(":")
        if colon and not line.startswith(" "):
            command, line = head, rest
        if line.strip():
            surface.setdefault(command, []).extend(line.split())
        elif colon:
            surface.setdefault(command, [])
    return surface


COMMANDS = [*_read(SURFACE).items(), *_read(NEWER).items()]
EVERYWHERE = {flag for each in GLOBALS for flag in each.flags}


def test_the_table_is_read() -> None:
    assert len(COMMANDS) > 200 and sum(len(flags) for _, flags in COMMANDS) > 500


def _declared(command: str) -> Verb | None:
    """The verb of a command, or of its first word when that takes whatever follows."""
    found = verbs.find(f"bd {command}")
    if found is None and " " in command:
        found = verbs.find(f"bd {command.split(' ')[0]}")
        if found is not None and not any(each.is_many and not each.is_option for each in found.parameters):
            return None
    return found


@pytest.mark.parametrize(("command", "flags"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_is_here_with_its_flags(command: str, flags: list[str]) -> None:
    found = _declared(command)
    if command in REFUSED_BELOW and found is None:
        return
    assert found is not None, f"bd {command} is not declared"
    ours = {flag for each in found.parameters if each.is_option for flag in each.flags} | EVERYWHERE
    if any(each.arg.raw for each in found.parameters):
        return
    assert set(flags) - REFUSED_FLAGS.get(command, set()) <= ours


@pytest.mark.parametrize("command", dict(COMMANDS))
def test_an_unknown_flag_is_an_error_everywhere(command: str) -> None:
    found = _declared(command)
    if found is None or any(each.arg.raw for each in found.parameters):
        return
    for flag, said in (("--no-such-flag", "unknown flag: --no-such-flag"), ("-Z", "unknown shorthand flag: 'Z' in -Z")):
        with pytest.raises(BadInput) as caught:
            parse(found, [flag], usage="")
        assert caught.value.message == said


@pytest.mark.parametrize("command", REFUSED)
def test_what_is_refused_is_not_half_there(command: str) -> None:
    assert verbs.find(f"bd {command}") is None

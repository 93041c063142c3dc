#!/usr/bin/env bash
# What the composite action runs: its inputs are variables, its outputs go where GitHub says.
set -uo pipefail

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/gate.XXXXXX")
words=(--target "$TARGET" --release "$RELEASE" --phase "$PHASE" --wait "$WAIT" --why --annotate)
words+=(--json "$folder/run.json" --html "$folder/run.html" --summary "$GITHUB_STEP_SUMMARY")
[ -z "$RECENT" ] || words+=(--require-recent "$RECENT")
[ -z "$OWNER" ] || words+=(--owner "$OWNER" --reason "$REASON")

"$PYTHON" -m checks gate "${words[@]}"
code=$?

action=""
if [ -f "$folder/run.json" ]; then
  action=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["gate"]["action"])' "$folder/run.json")
fi
{
  echo "exit-code=$code"
  echo "action=$action"
  echo "document=$folder/run.json"
} >> "$GITHUB_OUTPUT"
exit "$code"

#!/usr/bin/env bash
# Hostfiles at random, read by launch/hosts.sh. Whatever they hold, hosts and ranks are whole numbers or the file is refused, and
# nothing but a host's name is handed to ssh.
#
# usage: tests/fuzz/hosts.sh SECONDS FINDS        prints the number of files, and 0 three times, as run.sh wants
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=$1 finds=$2
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
# shellcheck source=launch/hosts.sh
. "$root/launch/hosts.sh"

# Takes the place of ssh: notes what is not a host's name.
cat >"$folder/shell" <<END
#!/bin/sh
[ "\$1" != -- ] || shift
case \$1 in -* | *[!A-Za-z0-9._:@-]*) echo "\$1" >>"$folder/wrong" ;; esac
exit 0
END
chmod +x "$folder/shell"
remote_shell() { echo "$folder/shell"; }

# Pieces that hostfiles have, and some that they should not.
# shellcheck disable=SC2016,SC2054,SC2191,SC1003 # as they are
pieces=(node1 ' ' slots= 2 = '#' $'\t' : , - -o 'slots =' 08 -1 99999999999999999999 '$(touch x)' '`touch x`' '*' \' '"' ';' '&' '|' '\' $'\r'
  $'\x1b' 10.0.0.1 user@node '[::1]' max_slots=3 'slots=a' é '%' '~')

# A line of pieces; often it begins as it should.
line() {
  local i text=''
  ((RANDOM % 3 == 0)) || text="node$((RANDOM % 9))"
  ((RANDOM % 2 == 0)) || text+=" slots=$((RANDOM % 9))"
  for ((i = RANDOM % 4; i > 0; i--)); do text+=${pieces[RANDOM % ${#pieces[@]}]}; done
  printf '%s\n' "$text"
}

# wrong WHY: keeps the file.
wrong() {
  cp "$folder/hosts" "$finds/hosts-$n-$1"
}

n=0
while [ "$SECONDS" -lt "$seconds" ]; do
  n=$((n + 1))
  for ((i = RANDOM % 4; i >= 0; i--)); do line; done >"$folder/hosts"
  (cd "$folder" && check_hosts hosts) >/dev/null 2>&1 || continue
  (cd "$folder" && count_hosts hosts) >"$folder/counted" 2>"$folder/said" || continue
  grep -qxE '[0-9]+ [0-9]+' "$folder/counted" || wrong count
  read -r hosts _ <"$folder/counted"
  [ "$hosts" -gt 0 ] || continue # an empty file is refused later
  (cd "$folder" && SLURM_JOB_ID='' hosts_left hosts left) >/dev/null 2>&1
  [ ! -e "$folder/wrong" ] || wrong name
  [ ! -e "$folder/x" ] || wrong command
  rm -f -- "$folder/wrong" "$folder/x"
done
echo "$n" 0 0 0

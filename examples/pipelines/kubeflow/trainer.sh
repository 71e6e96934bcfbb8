# Runs one command of train.py: sh -eu trainer.sh KEY OUTPUT COMMAND [OPTIONS]. OUTPUT is the file that gets what the
# JSON object of its last line has under KEY. Files in $CREDENTIALS are credentials, as for propose.sh.
key=$1 output=$2
shift 2
for file in "$CREDENTIALS"/*; do
  [ ! -f "$file" ] || export "${file##*/}=$(cat "$file")"
done
said=$(python3 "$TRAINER" "$@")
printf '%s\n' "$said"
mkdir -p "$(dirname "$output")"
printf '%s\n' "$said" | tail -n 1 | python3 -c '
import json, sys
value = json.load(sys.stdin)[sys.argv[1]]
print(value if isinstance(value, str) else json.dumps(value), end="")' "$key" > "$output"

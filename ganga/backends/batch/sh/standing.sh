# Tells what tasks have left word of: standing.sh WORK, with a line "JOB INDEX" for each on the standard input.
# Answers "JOB INDEX WORD..." for each: what is in its file, "none" if it has not begun, "unknown" for a job that is not
# ours; "end" at the end.
cd "$1" || exit
while read -r job index; do
    if word=$(cat "ids/$job/$index/status" 2>/dev/null); then
        :
    elif [ -f "ids/$job/tags" ]; then
        word=none
    else
        word=unknown
    fi
    printf '%s %s %s\n' "$job" "$index" "$word"
done
echo end

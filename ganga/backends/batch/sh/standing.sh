# Tells what tasks have left word of: standing.sh WORK, with a line "JOB INDEX" for each on the standard input.
# Answers "JOB INDEX WORD..." for each: what is in its file, "begun" if that is not whole, "none" if it has not begun,
# "unknown" for a job that is not ours; "end" at the end. Starts no process: there may be thousands of tasks.
cd "$1" || exit
while read -r job index; do
    status=ids/$job/$index/status
    if [ -f "$status" ] && read -r word <"$status"; then
        :
    elif [ -e "ids/$job/$index" ]; then
        word=begun
    elif [ -f "ids/$job/tags" ]; then
        word=none
    else
        word=unknown
    fi
    printf '%s %s %s\n' "$job" "$index" "$word"
done
echo end

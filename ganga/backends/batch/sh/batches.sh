# Tells all batches that were prepared, the job that each has become, and its tags: batches.sh WORK
# A line for each: "batch NAME JOB" (a dash for no job), "loose" if the job's launcher alone has noted it and nothing
# leads to the batch, "tag TAG"; "end" at the end.
cd "$1" || exit
if [ -d batches ]; then
    cd batches || exit
    for name in *; do
        [ -f "$name/tags" ] || continue
        job=$(cat "$name/job" 2>/dev/null) || job=-
        printf 'batch %s %s\n' "$name" "$job"
        [ "$job" = - ] || [ "../ids/$job" -ef "$name" ] || echo loose
        sed 's/^/tag /' "$name/tags" 2>/dev/null
    done
fi
echo end

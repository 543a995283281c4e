# Tells all batches that were prepared, the job that each has become, and its tags: batches.sh WORK
# A line for each: "batch NAME JOB" (a dash for no job), "loose" if the job's launcher alone has noted it and nothing
# leads to the batch, "tag TAG"; "end" at the end. A batch of one task takes no process: there may be thousands.

tell_tags() {
    read -r tag && printf 'tag %s\n' "$tag" || return
    if read -r tag; then
        printf 'tag %s\n' "$tag" && sed 's/^/tag /'
    fi
}

cd "$1" || exit
if [ -d batches ]; then
    cd batches || exit
    for name in *; do
        [ -f "$name/tags" ] || continue
        job=-
        [ ! -e "$name/job" ] || read -r job <"$name/job" || job=-
        printf 'batch %s %s\n' "$name" "$job"
        [ "$job" = - ] || [ "../ids/$job" -ef "$name" ] || echo loose
        # It may be gone by now; else tags that are left out would be of jobs that were never submitted.
        tell_tags <"$name/tags" || [ ! -s "$name/tags" ] || exit
    done
fi
echo end

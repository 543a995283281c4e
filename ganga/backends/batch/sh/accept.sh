# Notes that a batch has become a job: accept.sh WORK BATCH JOB
# Two of these may run at once, and each may be killed at any moment: no link that is right is taken away.
cd "$1" || exit
mkdir -p ids || exit
[ -d "batches/$2" ] || exit
link=ids/$3

lead() {
    ln -sn "../batches/$2" "$link" 2>/dev/null || [ "$link" -ef "batches/$2" ]
}

# Otherwise an older job had this number.
lead "$@" || { rm -f "$link" && lead "$@"; } || exit
printf '%s\n' "$3" >"batches/$2/.job.$$" && mv -f "batches/$2/.job.$$" "batches/$2/job"

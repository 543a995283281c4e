# Notes that a batch has become a job: accept.sh WORK BATCH JOB
cd "$1" || exit
mkdir -p ids || exit
[ -d "batches/$2" ] || exit
rm -f "ids/$3" && ln -s "../batches/$2" "ids/$3" && printf '%s\n' "$3" >"batches/$2/.job" &&
    mv -f "batches/$2/.job" "batches/$2/job"

# Removes the files of tasks, and of a batch with its last one: discard.sh WORK, with a line "JOB INDEX" for each on the
# standard input.
cd "$1" || exit
while read -r job index; do
    [ -f "ids/$job/tags" ] || continue
    mkdir -p "ids/$job/gone" && : >"ids/$job/gone/$index" || exit
    chmod -R u+rwX "ids/$job/$index" "ids/$job/$index".* 2>/dev/null
    rm -rf "ids/$job/$index" "ids/$job/$index".* "ids/$job/own/$index" || exit
    # shellcheck disable=SC2012 # the names are numbers
    if [ "$(ls "ids/$job/gone" | wc -l)" -ge "$(wc -l <"ids/$job/tags")" ]; then
        batch=$(cd -P "ids/$job" && pwd) && rm -f "ids/$job" && rm -rf "$batch" || exit
    fi
done

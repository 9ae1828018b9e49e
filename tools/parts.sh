# SPDX-License-Identifier: Apache-2.0
# For tools that run parts which each end with `N passed, N failed`, and add them up: sourced by
# tools/run-tests and tools/run-soak, which say in $out where the parts leave their output. A part
# that crashed, or printed no such line, counts as one failure.
passed=0 failed=0

part() { # name command... : runs it, leaves its output in $out/name.txt
    local name=$1 start=$SECONDS code=0
    shift
    "$@" </dev/null >"$out/$name.txt" 2>&1 || code=$?
    echo "exit $code after $((SECONDS - start)) s" >"$out/$name.exit"
}

count() { # name: shows what the part said and adds its figures
    local name=$1 line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out/$name.txt" | tail -n 1)
    echo "--- $name ($(cat "$out/$name.exit"))"
    tail -n 200 "$out/$name.txt"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
        [[ ${BASH_REMATCH[2]} != 0 ]] || grep -q '^exit 0 ' "$out/$name.exit" || failed=$((failed + 1))
    else
        echo "$name: no result line"
        failed=$((failed + 1))
    fi
}

sum() { # the last line; fails when anything did
    echo
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

end_postgres() {
    [ -z "${TEST_POSTGRES_URL:-}" ] || tools/pg-temp stop "$postgres" >/dev/null 2>&1
    rm -rf "$postgres"
}

start_postgres() { # a server of its own, for as long as the script runs
    postgres=$(mktemp -d /tmp/cardea-pg-XXXXXX)
    trap end_postgres EXIT
    trap 'exit 130' INT TERM
    TEST_POSTGRES_URL=$(tools/pg-temp start "$postgres") && export TEST_POSTGRES_URL ||
        { echo "tools/pg-temp: PostgreSQL did not start"; failed=$((failed + 1)); }
}

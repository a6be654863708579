package main

// bashWords is appended to the script for bash. It replaces a function of cobra's script that
// prints an error at each completion if the package bash-completion is not installed. bash
// splits words at ':' and '=', which are part of locations; the function joins them again.
const bashWords = `
__tranship_init_completion()
{
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local i word last="" line="${COMP_LINE:0:COMP_POINT}"
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        if [[ ${#words[@]} -gt 0 && ${line} != [[:blank:]]* && ( ${word} == [:=]* || ${last} == *[:=] ) ]]; then
            line="${line#"${word}"}"
            words[${#words[@]}-1]+="${word}"
        else
            line="${line#"${line%%[![:blank:]]*}"}"
            line="${line#"${word}"}"
            words+=("${word}")
        fi
        last="${word}"
    done
    cword=$((${#words[@]} - 1))
    cur="${words[cword]}"
    prev=""
    if ((cword > 0)); then
        prev="${words[cword-1]}"
    fi
}
`

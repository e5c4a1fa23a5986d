# shellcheck shell=bash
# Completion of suyuan's nouns and verbs.
_suyuan() {
	local word=${COMP_WORDS[COMP_CWORD]} verbs=
	case ${COMP_WORDS[1]:-} in
	key) verbs='new show' ;;
	party) verbs='register grant show list rotate revoke' ;;
	place | product) verbs='register show' ;;
	rules) verbs='publish show' ;;
	batch) verbs='register import show list template' ;;
	record) verbs='submit' ;;
	code) verbs='parse' ;;
	ledger) verbs='info entry record receipt audit' ;;
	admin) verbs='status' ;;
	esac
	if [ "$COMP_CWORD" -eq 1 ]; then
		verbs='key party place product rules batch record code verify ledger admin help'
	elif [ "$COMP_CWORD" -gt 2 ]; then
		verbs=
	fi
	mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
	[ -n "$verbs" ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _suyuan suyuan

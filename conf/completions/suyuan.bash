# shellcheck shell=bash
# Completion of suyuan for bash: nouns, verbs, options and files, all asked of `suyuan help`.

_suyuan() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local noun='' verb='' word i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--ledger | --vkey | --key | --passphrase-file | --token | --lang) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $noun ]]; then
				noun=$word
			elif [[ -z $verb ]]; then
				verb=$word
			fi
			;;
		esac
	done
	case $prev in
	--key | --passphrase-file | --party-key | --rejects | --map | --receipt | --output | --report)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--lang)
		mapfile -t COMPREPLY < <(compgen -W 'zh en' -- "$cur")
		return
		;;
	esac
	local words
	if [[ $prev == --encoding ]]; then
		words='utf-8 utf-16 gb18030'
	elif [[ $prev == --direction ]]; then
		words='back forward both'
	elif [[ $prev == --dates ]]; then
		words='given inferred ignored'
	elif [[ $noun == trace && ( $verb == common || $verb == balance ) && $prev == --format ]]; then
		words='csv'
	elif [[ $noun == trace && $prev == --format ]]; then
		words='tree table json ndjson csv dot'
	elif [[ $prev == --format ]]; then
		words='csv ndjson html'
	elif [[ $cur == -* ]]; then
		words=$({ suyuan help "$noun" "$verb" 2>/dev/null || suyuan help "$noun" 2>/dev/null; suyuan help; } |
			sed -n 's/^  \(--[a-z-]*\).*/\1/p')
	elif [[ -z $noun || ( $noun == help && -z $verb ) ]]; then
		words=$(suyuan help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')
	elif [[ -z $verb && $noun != verify && $noun != quality ]]; then
		words=$(suyuan help "$noun" | sed -n "s/^suyuan $noun \([a-z]\{1,\}\).*/\1/p")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -o filenames -F _suyuan suyuan

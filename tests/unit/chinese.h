/* Told in Chinese, an event is refused for the same, at the same places, and in Chinese. */
#ifndef TESTS_CHINESE_H
#define TESTS_CHINESE_H

#include "run.h"

#include <suyuan/event.h>

static inline bool is_chinese(const char *detail)
{
	bool any = false;
	for (const char *p = detail; *p; p++)
		any = any || ((unsigned char)*p >= 0xe3 && (unsigned char)*p <= 0xef);
	return any && sy_utf8_valid(detail, strlen(detail), NULL);
}

/* ENGLISH are the faults of DOC that were told in English. */
static inline void told_in_chinese(struct sy_arena *arena, const struct sy_json_doc *doc,
				   const struct sy_faults *english)
{
	struct sy_faults faults;
	struct sy_event event;
	sy_faults_init(&faults, arena);
	faults.chinese = true;
	sy_event_read(arena, doc, &event, &faults, english->n ? english->v[0].record : 0);
	ck_assert_uint_eq(faults.n, english->n);
	for (size_t i = 0; i < faults.n; i++) {
		ck_assert_int_eq(faults.v[i].status, english->v[i].status);
		ck_assert_str_eq(faults.v[i].pointer, english->v[i].pointer);
		ck_assert_msg(is_chinese(faults.v[i].detail), "%s: not in Chinese: %s",
			      faults.v[i].pointer, faults.v[i].detail);
	}
}

#endif

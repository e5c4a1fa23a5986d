/*
 * The configuration: an INI file read through a schema table, then the command line over it.
 *
 * Every key has a row: section, name, kind, bounds, default, sentence.  The sample file, the man
 * page's table and the checks come from the same rows.  All faults are reported at once, each
 * with file and line.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <suyuan/bytes.h>
#include <suyuan/error.h>

#include <stdio.h>

struct config {
	char *dir;       /* the ledger's folder */
	char *listen[8]; /* addresses; default 127.0.0.1:7300 */
	unsigned n_listen;
	char *unix_path; /* default DIR/socket */
	bool insecure;   /* allow addresses beyond loopback without rights */
	unsigned fronts, workers;
	uint64_t max_connections, max_per_address;
	uint64_t max_body, body_budget, answer_budget, queue_budget, work_budget; /* bytes */
	uint64_t header_timeout, request_timeout, idle_timeout, write_timeout;    /* ms */
	uint64_t group_records;
	uint64_t index_delay; /* ms between index commits under load */
	uint64_t lag_soft,
	    lag_hard; /* that the index may be behind: ms, slow down; records, refuse */
	uint64_t truth_map, index_map; /* bytes */
	uint64_t drain_timeout;        /* ms */
	unsigned query_threads, query_readers;
	uint64_t query_memory, query_time, query_stream, query_patience; /* bytes; ms */
	char *webhooks, *webhooks_authorities;                           /* files; NULL for none */
	unsigned log_level;
	bool log_json;
	int ready_fd; /* -1: none */
};

void config_defaults(struct config *c);
/* PATH may be NULL: defaults alone.  Faults go to ERRORS, a line each; SY_EINVAL when any. */
int config_load(struct config *c, const char *path, struct sy_buf *errors);
/* One key by name, as the command line does ("listen", "dir"). */
int config_set(struct config *c, const char *section, const char *key, const char *value,
	       struct sy_buf *errors);
/* What can only be judged as a whole: loopback unless insecure, bounds between keys. */
int config_check(const struct config *c, struct sy_buf *errors);
void config_print(const struct config *c,
		  FILE *out); /* as an INI file, each key with its sentence */
void config_free(struct config *c);

#endif

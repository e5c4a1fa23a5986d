/* What the files of the audit share; not installed. */
#ifndef LIB_AUDIT_IMPL_H
#define LIB_AUDIT_IMPL_H

#include <suyuan/audit.h>
#include <suyuan/error.h>

/* --- audit_table.c: rows by id --------------------------------------------------------------- */

/*
 * An array whose rows begin with an id of 16 bytes, of a hash, so that their bytes spread; with an
 * index over them.  Zeroed memory with `size` set is an empty one.
 */
enum { TABLE_ID = 16 };
struct table {
	size_t size; /* of a row */
	uint8_t *rows;
	uint32_t n, cap;
	uint32_t *slots; /* row + 1; 0 is free */
	size_t n_slots;  /* a power of two */
};

void table_id(const void *data, size_t n, uint8_t id[TABLE_ID]);
void *table_row(const struct table *t, uint32_t i);
void *table_find(const struct table *t, const uint8_t id[TABLE_ID]); /* NULL: none */
/* The row of that id, made of zeros when missing (*FRESH); NULL when memory is out. */
void *table_put(struct table *t, const uint8_t id[TABLE_ID], bool *fresh);
void table_free(struct table *t);

/* --- audit_part.c: what a thread checks ------------------------------------------------------ */

struct finding {
	uint64_t entry, at;
	const char *what;
	char text[];
};

struct findings {
	struct finding **v;
	size_t n, cap;
	uint64_t dropped; /* past FINDINGS_MAX */
};
enum { FINDINGS_MAX = 1000 };

int findings_add(struct findings *f, struct finding *one); /* takes it */
int findings_move(struct findings *to, struct findings *from);
void findings_free(struct findings *f);

/* A record that the register is made of, or that erases. */
struct keeping {
	struct keeping *next;
	uint64_t entry, number;
	struct sy_str payload;
};

/* A record that was answered as erased. */
struct gone {
	struct gone *next;
	uint64_t number;
	sy_hash leaf;
};

struct sy_audit_part {
	const struct sy_audit_options *o;
	int err; /* memory */
	struct findings findings;
	struct sy_arena kept, scratch; /* until it is folded; until the next record */
	struct keeping *keeping, **keeping_end;
	struct gone *gone, **gone_end;
	/* the submissions whose records are being taken */
	const struct sy_entry *entry;
	size_t n;
	sy_hash *leaves;
	uint32_t n_leaves;
	bool missing; /* a leaf of this entry isn't known */
};

/* An entry as it is found without looking at others. */
struct checked {
	struct sy_entry e;
	sy_hash leaf;
	const char *why; /* it can't be decoded; else NULL */
	int signature;   /* sy_entry_verify */
};

int part_init(struct sy_audit_part *p, const struct sy_audit_options *o);
void part_reset(struct sy_audit_part *p);
void part_free(struct sy_audit_part *p);
void part_entry(const uint8_t raw[SY_ENTRY_SIZE], struct checked *out);
/* Signatures and records of N entries. */
int part_check(struct sy_audit_part *p, unsigned thread, struct checked *c, size_t n);

/* --- audit_register.c: who may sign, and what is erased, in order ---------------------------- */

struct log_key {
	uint64_t from; /* of checkpoints with more than that many entries */
	uint8_t key[SY_KEY_SIZE];
};

struct erased {
	uint64_t number;
	sy_hash leaf;
	bool named;
};

struct audit_register {
	struct table keys, parties, submissions;
	struct erased *erased; /* ascending by number */
	size_t n_erased, cap_erased;
	struct log_key *log; /* ascending */
	size_t n_log, cap_log;
	uint64_t named;
	struct sy_arena arena;
};

void register_init(struct audit_register *r);
void register_free(struct audit_register *r);
/* SY_OK or SY_ENOMEM, as all that follow; faults go into P. */
int register_submission(struct audit_register *r, struct sy_audit_part *p,
			const struct sy_entry *e);
/* Was the author's key good when E was accepted? */
void register_author(struct audit_register *r, struct sy_audit_part *p, const struct sy_entry *e);
int register_record(struct audit_register *r, struct sy_audit_part *p, const struct keeping *k);
int register_gone(struct audit_register *r, const struct gone *g);
int register_log_key(struct audit_register *r, struct sy_audit_part *p, const struct sy_entry *e);

#endif

#include <suyuan/fault.h>

#include <stdarg.h>

/* The order in which statuses win; one that isn't here comes after them all. */
static const int order[] = {400, 401, 403, 409, 422};

static size_t rank(int status)
{
	size_t i = 0;
	while (i < sizeof order / sizeof order[0] && order[i] != status)
		i++;
	return i;
}

void sy_faults_init(struct sy_faults *f, struct sy_arena *arena)
{
	*f = (struct sy_faults){.arena = arena, .warnings_only = true};
}

static bool grow(struct sy_faults *f)
{
	return sy_arena_room(f->arena, &f->v, &f->cap, f->n + 1, sizeof *f->v);
}

static const char *copy(struct sy_arena *a, const char *text)
{
	return sy_arena_strdup(a, sy_str(text));
}

/* Counts towards the whole even when there is no room to keep it: a verdict must not turn into
 * an acceptance because its reasons were too many. */
static void count(struct sy_faults *f, int status)
{
	if (status == 0)
		return;
	if (f->status == 0 || rank(status) < rank(f->status))
		f->status = status;
	f->warnings_only = false;
}

/* Of the record that is being added to, the warning last kept makes room. */
static bool displace(struct sy_faults *f)
{
	for (size_t i = f->n; i > f->n - f->of_record; i--) {
		if (f->v[i - 1].status != 0)
			continue;
		memmove(&f->v[i - 1], &f->v[i], (f->n - i) * sizeof *f->v);
		f->n--;
		f->of_record--;
		f->warnings--;
		f->dropped++;
		return true;
	}
	return false;
}

static bool room(struct sy_faults *f, int status, long record)
{
	if (f->n == 0 || f->v[f->n - 1].record != record)
		f->of_record = 0;
	if (status == 0)
		return f->of_record < SY_FAULTS_PER_RECORD && f->warnings < SY_WARNINGS_MAX &&
		       f->n < SY_FAULTS_MAX && grow(f);
	if (f->of_record == SY_FAULTS_PER_RECORD && !displace(f))
		return false;
	return f->n < SY_FAULTS_MAX && grow(f);
}

size_t sy_faults_room(const struct sy_faults *f, long record)
{
	size_t room = SY_FAULTS_PER_RECORD;
	if (f->n == 0 || f->v[f->n - 1].record != record)
		return room;
	for (size_t i = f->n - f->of_record; i < f->n; i++)
		room -= f->v[i].status != 0;
	return room;
}

void sy_fault_vadd(struct sy_faults *f, int status, long record, const char *pointer,
		   const char *field, const char *fmt, va_list args)
{
	count(f, status);
	if (!room(f, status, record)) {
		f->dropped++;
		return;
	}
	struct sy_fault fault = {
	    .status = status,
	    .record = record,
	    .pointer = copy(f->arena, pointer),
	    .field = field ? copy(f->arena, field) : NULL,
	    .detail = sy_arena_vprintf(f->arena, fmt, args),
	};
	if (!fault.pointer || (field && !fault.field) || !fault.detail) {
		f->dropped++;
		return;
	}
	f->v[f->n++] = fault;
	f->of_record++;
	f->warnings += status == 0;
}

void sy_fault_add(struct sy_faults *f, int status, long record, const char *pointer,
		  const char *field, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	sy_fault_vadd(f, status, record, pointer, field, fmt, args);
	va_end(args);
}

int sy_faults_status(const struct sy_faults *f)
{
	return f->status;
}

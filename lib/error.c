#include <suyuan/error.h>

static const struct {
	int status;
	const char *text;
} errors[] = {
#define X(code, status, text) [code] = {status, text},
    SY_ERRORS(X)
#undef X
};

static int known(int err)
{
	return err >= 0 && (unsigned)err < sizeof(errors) / sizeof(errors[0]);
}

const char *sy_strerror(int err)
{
	return known(err) ? errors[err].text : "unknown error";
}

int sy_http_status(int err)
{
	return known(err) ? errors[err].status : 500;
}

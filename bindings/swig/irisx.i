/* SPDX-License-Identifier: MIT */
/*
 * The bindings' one interface file (SWIG >= 4.3), Python first. Handles are objects whose end is an unref; what a C
 * function gives through *_out is returned; a failed call raises irisx.Error; every call releases the interpreter's lock.
 * Bindings pull events, so that no thread of the library ever enters an interpreter.
 */
%module(threads="1") irisx

%{
#include <irisx/irisx.h>
%}

%include <stdint.i>

%ignore irisx_client_set_callback;
%ignore irisx_event_fn;
%ignore irisx_log_fn;
%ignore irisx_set_allocator;
%ignore irisx_allocator;
%ignore irisx_webhook_verify;
%ignore irisx_webhook_sign;
%ignore irisx_webhook_check;
%ignore irisx_webhook_delivery;
%ignore irisx_webhook_delivery_clear;
%ignore irisx_receiver_open;
%ignore irisx_receiver_options_init;
%ignore irisx_receiver_options;
%ignore irisx_client_options;
%ignore irisx_client_options_init;
%ignore irisx_client_new;
%ignore irisx_line_options;
%ignore irisx_line_options_init;
%ignore irisx_line_open;
%ignore irisx_call_options;
%ignore irisx_call_options_init;
%ignore irisx_call_dial;
%ignore irisx_call_answer;
%ignore irisx_call_stats(const irisx_call_t *, irisx_call_stats_t *);
%ignore irisx_call_save;
%ignore irisx_client_resume;
%ignore irisx_call_send_message;
%ignore irisx_call_send_info;
%ignore irisx_client_call_counts;
%ignore irisx_call_counts;
%ignore irisx_audio_read;
%ignore irisx_audio_write;
%ignore irisx_value_parse;
%ignore irisx_event_call;
%ignore irisx_event_line;
%ignore irisx_event_op;
%rename("%(strip:[irisx_])s", %$isfunction) "";
%rename("%(strip:[IRISX_])s", %$isenumitem) "";
%rename("%(strip:[IRISX_])s", %$isconstant) "";

/* ---- failures ------------------------------------------------------------------------------------------------------------- */
#ifdef SWIGPYTHON
%{
static PyObject *irisx_exception;

/* raises irisx.Error(name, sentence), with .code */
static void irisx_raise(irisx_error_t code)
{
    PyObject *value = PyObject_CallFunction(irisx_exception, "ss", irisx_error_name(code), irisx_error_text(code));
    PyObject *number = PyLong_FromLong(code);

    if (value && number && PyObject_SetAttrString(value, "code", number) == 0)
        PyErr_SetObject(irisx_exception, value);
    Py_XDECREF(number);
    Py_XDECREF(value);
}

/* None, then obj, then (first, obj) ... */
static PyObject *irisx_append(PyObject *result, PyObject *obj)
{
    PyObject *pair;

    if (!result || result == Py_None) {
        Py_XDECREF(result);
        return obj;
    }
    pair = PyTuple_Pack(2, result, obj);
    Py_DECREF(result);
    Py_DECREF(obj);
    return pair;
}
%}
%init %{
    irisx_exception = PyErr_NewException("irisx.Error", NULL, NULL);
    if (irisx_exception && PyModule_AddObject(m, "Error", irisx_exception) < 0)
        return NULL;
    Py_XINCREF(irisx_exception);
%}
%pythoncode %{
Error = _irisx.Error
%}
%typemap(out) irisx_error_t {
    if ($1) {
        irisx_raise($1);
        SWIG_fail;
    }
    $result = Py_None;
    Py_INCREF(Py_None);
}
%define HANDLE_OUT(TYPE, NAME)
%typemap(in, numinputs=0) TYPE **NAME (TYPE *temp = NULL) "$1 = &temp;"
%typemap(argout) TYPE **NAME {
    $result = irisx_append($result, SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN));
}
%enddef
HANDLE_OUT(irisx_client_t, client_out)
HANDLE_OUT(irisx_line_t, line_out)
HANDLE_OUT(irisx_call_t, call_out)
HANDLE_OUT(irisx_op_t, op_out)
HANDLE_OUT(irisx_event_t, event_out)
HANDLE_OUT(irisx_receiver_t, receiver_out)
%typemap(in, numinputs=0) char **json_out (char *temp = NULL) "$1 = &temp;"
%typemap(argout) char **json_out {
    $result = irisx_append($result, PyUnicode_FromString(*$1 ? *$1 : ""));
    irisx_text_free(*$1);
}
#endif


%immutable irisx_error_info::message;
%immutable irisx_error_info::reason;
%immutable irisx_error_info::detail;
%immutable irisx_error_info::request_id;

/* ---- handles as objects ----------------------------------------------------------------------------------------------------- */
%define HANDLE(NAME, PROXY, ...)
%rename(PROXY) irisx_##NAME;
%nodefaultctor irisx_##NAME;
struct irisx_##NAME {};
%extend irisx_##NAME {
    ~irisx_##NAME() { irisx_##NAME##_unref($self); }
}
%ignore irisx_##NAME##_ref;
%ignore irisx_##NAME##_unref;
%enddef
HANDLE(client, Client)
HANDLE(line, Line)
HANDLE(call, Call)
HANDLE(op, Op)
HANDLE(event, Event)
HANDLE(receiver, Receiver)

%include <irisx/version.h>
%include <irisx/error.h>
%include <irisx/client.h>
%include <irisx/call.h>
%include <irisx/event.h>
%include <irisx/message.h>
%include <irisx/webhook.h>

/* What an event or op lends is lent with a reference of its own, so that it outlives it. */
%newobject event_call;
%newobject event_line;
%newobject event_op;
%inline %{
static irisx_call_t *event_call(irisx_event_t *event) { return irisx_call_ref(irisx_event_call(event)); }
static irisx_line_t *event_line(irisx_event_t *event) { return irisx_line_ref(irisx_event_line(event)); }
static irisx_op_t *event_op(irisx_event_t *event) { return irisx_op_ref(irisx_event_op(event)); }
%}

/* ---- options as keyword arguments ---------------------------------------------------------------------------------------------- */
%feature("kwargs") open_client;
%feature("kwargs") open_line;
%feature("kwargs") dial;
%feature("kwargs") answer;
%feature("compactdefaultargs");
%{
static irisx_error_t open_client(irisx_client_t **client_out, const char *api_url, const char *api_key, const char *ca_file,
    const char *capture_file, unsigned media_threads, unsigned max_calls)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    o.api_url = api_url;
    o.api_key = api_key;
    o.ca_file = ca_file;
    o.capture_file = capture_file;
    o.media_threads = media_threads;
    o.max_calls = max_calls;
    return irisx_client_new(&o, client_out);
}
static irisx_error_t open_line(irisx_client_t *client, irisx_line_t **line_out, irisx_op_t **op_out, const char *ws_url, const char *user,
    const char *password, const char *realm, const char *display_name, unsigned expires_s)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;

    o.ws_url = ws_url;
    o.user = user;
    o.password = password;
    o.realm = realm;
    o.display_name = display_name;
    o.expires_s = expires_s;
    return irisx_line_open(client, &o, line_out, op_out);
}
static void fill(irisx_call_options_t *o, const char *play_file, const char *record_file, unsigned max_duration_ms)
{
    o->play_file = play_file;
    o->record_file = record_file;
    o->max_duration_ms = max_duration_ms;
}
static irisx_error_t dial(irisx_line_t *line, irisx_call_t **call_out, irisx_op_t **op_out, const char *to, const char *play_file,
    const char *record_file, unsigned max_duration_ms)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;

    o.to = to;
    fill(&o, play_file, record_file, max_duration_ms);
    return irisx_call_dial(line, &o, call_out, op_out);
}
static irisx_error_t answer(irisx_call_t *call, irisx_op_t **op_out, const char *play_file, const char *record_file,
    unsigned max_duration_ms)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;

    fill(&o, play_file, record_file, max_duration_ms);
    return irisx_call_answer(call, &o, op_out);
}
static irisx_call_stats_t call_figures(irisx_call_t *call)
{
    irisx_call_stats_t s = { sizeof s };

    irisx_call_stats(call, &s);
    return s;
}
%}
irisx_error_t open_client(irisx_client_t **client_out, const char *api_url = NULL, const char *api_key = NULL, const char *ca_file = NULL,
    const char *capture_file = NULL, unsigned media_threads = 0, unsigned max_calls = 0);
irisx_error_t open_line(irisx_client_t *client, irisx_line_t **line_out, irisx_op_t **op_out, const char *ws_url, const char *user,
    const char *password = NULL, const char *realm = NULL, const char *display_name = NULL, unsigned expires_s = 0);
irisx_error_t dial(irisx_line_t *line, irisx_call_t **call_out, irisx_op_t **op_out, const char *to, const char *play_file = NULL,
    const char *record_file = NULL, unsigned max_duration_ms = 0);
irisx_error_t answer(irisx_call_t *call, irisx_op_t **op_out, const char *play_file = NULL, const char *record_file = NULL,
    unsigned max_duration_ms = 0);
irisx_call_stats_t call_figures(irisx_call_t *call);

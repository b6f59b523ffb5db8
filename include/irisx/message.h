/* SPDX-License-Identifier: MIT */
/**
 * @file message.h
 * @brief SMS in one line each; the whole REST API is in irisx/api.h.
 */
#ifndef IRISX_MESSAGE_H
#define IRISX_MESSAGE_H

#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * POST /v1/sms/send. Never sent twice: a lost answer gives IRISX_E_OUTCOME_UNKNOWN.
 * irisx_op_value is the platform's answer ({"message", "sms": {"sid", "status", ...}}).
 * @thread any
 */
IRISX_API irisx_error_t irisx_sms_send(
    irisx_client_t *client, const char *from, const char *to, const char *text, irisx_op_t **op_out);
/** GET /v1/sms/:id, or by "SM…" sid through the list (the platform's GET knows numeric ids only). @thread any */
IRISX_API irisx_error_t irisx_sms_get(irisx_client_t *client, const char *id_or_sid, irisx_op_t **op_out);
/** GET /v1/sms. @param page 1-based, 0 = 1 @param limit 0 = 50 @thread any */
IRISX_API irisx_error_t irisx_sms_list(irisx_client_t *client, uint32_t page, uint32_t limit, irisx_op_t **op_out);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/**
 * @file irisx.h
 * @brief Umbrella: everything but the generated REST types (irisx/api/GROUP.h).
 */
#ifndef IRISX_IRISX_H
#define IRISX_IRISX_H

#include <irisx/call.h>
#include <irisx/client.h>
#include <irisx/error.h>
#include <irisx/event.h>
#include <irisx/line.h>
#include <irisx/log.h>
#include <irisx/message.h>
#include <irisx/preflight.h>
#include <irisx/reason.h>
#include <irisx/rest.h>
#include <irisx/value.h>
#include <irisx/version.h>
#include <irisx/webhook.h>

#endif

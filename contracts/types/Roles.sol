// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What a member is admitted as; a member may be several at once.
uint8 constant ROLE_OPERATOR = 1;
uint8 constant ROLE_PARTNER = 2;
uint8 constant ROLE_AUDITOR = 4;
uint8 constant ROLE_ARBITER = 8;
uint8 constant ROLES_ALL = 15;

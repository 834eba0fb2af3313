// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice What a lease may use.
struct Resources {
    uint64 cpuMilli; // millicores
    uint64 memoryMiB;
    uint64 storageMiB;
    uint64 gpus; // devices
}

/// @notice Credit base units per unit of each resource per hour.
struct Prices {
    uint96 cpuMilli;
    uint96 memoryMiB;
    uint96 storageMiB;
    uint96 gpus;
}

/// @notice What a provider says of itself.
struct Info {
    string host; // domain or IP of its gateway: 1..253 of A-Z a-z 0-9 . - _ : [ ]
    uint16 port; // not 0
    Prices prices; // asked; none below its minimum
    Prices minimumPrices; // offers below are refused
    Resources total; // not below what is reserved
    string attributes; // JSON (not checked here): region, gpu model, engine, tags; at most 4096 bytes
    uint64 probation; // free seconds offered, at most ten years of 365 days
    uint96 probationPledge; // credits that a user must have pledged (IPledge.pledgedBy) to get them; 0: none
    bool renewable;
    bool acceptsOffers; // orders without a quote
    address operatorKey; // may activate, suspend, quote; no funds; zero: none
}

/// @notice Status: 0 never registered, 1 active, 2 deregistered.
struct Provider {
    address provider;
    string host;
    uint16 port;
    Prices prices;
    Prices minimumPrices;
    Resources total;
    Resources available;
    string attributes;
    uint64 probation;
    uint96 probationPledge;
    bool renewable;
    bool acceptsOffers;
    address operatorKey;
    uint8 status;
}

/// @notice A change of available resources: negative reserves, positive gives back.
struct Delta {
    int128 cpuMilli;
    int128 memoryMiB;
    int128 storageMiB;
    int128 gpus;
}

/// @title The registry of providers, keyed by their account
/// @notice One inventory: 0 <= available <= total, and total - available is the sum over live reservations.
interface IRegistry {
    /// @param available what is free with these totals
    event ProviderSet(address indexed provider, Info info, Resources available);
    event ProviderDeregistered(address indexed provider);
    /// @param available what is free afterwards
    event ResourceDelta(address indexed provider, bytes32 indexed ref, Delta delta, Resources available);

    error UnknownProvider(address provider);
    /// @notice It deregistered: no new orders.
    error ProviderInactive(address provider);
    /// @param field its name in Info
    error InvalidField(string field);
    /// @param resource 0 cpuMilli, 1 memoryMiB, 2 storageMiB, 3 gpus: the first that fails
    error TotalBelowReserved(uint8 resource, uint64 total, uint64 reserved);
    /// @param resource as above
    error InsufficientResources(uint8 resource, uint64 wanted, uint64 available);
    /// @notice More came back than was reserved.
    error ReservationMismatch(address provider, bytes32 ref);
    error NotProtocol(address caller);
    error TooMany(uint256 given, uint256 limit);

    /// @notice Registers the caller or revises its entry; what is reserved stays reserved.
    /// @dev Guards in order: fields in the order of Info, total against reserved.
    function set(Info calldata info) external;
    /// @notice No new orders; live ones run on. `set` makes the entry active again.
    /// @dev Guards in order: registered, active.
    function deregister() external;
    /// @notice Protocol only: reserves or gives back.
    /// @dev Guards in order: caller, registered, each resource.
    function update(address provider, Delta calldata delta, bytes32 ref) external;

    /// @notice An entry with status 0 for an account that never registered.
    function get(address provider) external view returns (Provider memory);
    /// @notice How many ever registered.
    function count() external view returns (uint256);
    /// @notice A page in the order of first registration; a limit over 100 is refused.
    function list(uint256 offset, uint256 limit) external view returns (Provider[] memory);
}

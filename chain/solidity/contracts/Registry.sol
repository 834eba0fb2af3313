// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Delta, IRegistry, Info, Prices, Provider, Resources} from "../../abi/IRegistry.sol";
import {Contracts, MAX_PAGE, TEN_YEARS, pageOf} from "./Contracts.sol";
import {IProviderTerms, ProviderTerms} from "./ProviderTerms.sol";

/// @title The registry of providers, as chain/abi/IRegistry.sol says
contract Registry is IRegistry, IProviderTerms {
    uint8 private constant ACTIVE = 1;
    uint8 private constant DEREGISTERED = 2;
    uint256 private constant MAX_HOST = 253;
    uint256 private constant MAX_ATTRIBUTES = 4096;
    /// @dev Bit c is set when the character c may be in a host: A-Z a-z 0-9 . - _ : [ ]
    uint256 private constant HOST_CHARACTERS = 0x07fffffeaffffffe07ff600000000000;

    /// @dev Seven slots and the texts. What calls read together stands together: `standing` reads the first two slots, `terms`
    /// four, and a reservation the last one alone.
    struct Entry {
        uint96 cpuPrice;
        uint96 memoryPrice;
        uint16 port;
        bool renewable;
        bool acceptsOffers;
        uint8 status;
        address operatorKey;
        uint96 probationPledge;
        uint96 minimumCpuPrice;
        uint96 minimumMemoryPrice;
        uint64 probation;
        uint96 minimumStoragePrice;
        uint96 minimumGpuPrice;
        uint96 storagePrice;
        uint96 gpuPrice;
        Resources total;
        Resources available;
        string host;
        string attributes;
    }

    address private immutable _market;
    mapping(address provider => Entry) private _entries;
    address[] private _providers;

    constructor(Contracts memory c) {
        require(address(this) == c.registry);
        _market = c.market;
    }

    function set(Info calldata given) external {
        // Texts are looked at where they are: one that claims to go beyond the calldata reverts without data, while copying it
        // to memory would be a Panic. The copy checks every other field's form before its content.
        bytes calldata host = bytes(given.host);
        bytes calldata attributes = bytes(given.attributes);
        Info memory info = given;
        _check(info, host, attributes);
        Entry storage entry = _entries[msg.sender];
        Resources memory available = info.total;
        if (entry.status == 0) _providers.push(msg.sender);
        else available = _free(info.total, entry.total, entry.available);
        entry.host = info.host;
        entry.port = info.port;
        entry.cpuPrice = info.prices.cpuMilli;
        entry.memoryPrice = info.prices.memoryMiB;
        entry.storagePrice = info.prices.storageMiB;
        entry.gpuPrice = info.prices.gpus;
        entry.minimumCpuPrice = info.minimumPrices.cpuMilli;
        entry.minimumMemoryPrice = info.minimumPrices.memoryMiB;
        entry.minimumStoragePrice = info.minimumPrices.storageMiB;
        entry.minimumGpuPrice = info.minimumPrices.gpus;
        entry.total = info.total;
        entry.available = available;
        entry.attributes = info.attributes;
        entry.probation = info.probation;
        entry.probationPledge = info.probationPledge;
        entry.renewable = info.renewable;
        entry.acceptsOffers = info.acceptsOffers;
        entry.operatorKey = info.operatorKey;
        entry.status = ACTIVE;
        emit ProviderSet(msg.sender, info, available);
    }

    function deregister() external {
        Entry storage entry = _entries[msg.sender];
        if (entry.status == 0) revert UnknownProvider(msg.sender);
        if (entry.status != ACTIVE) revert ProviderInactive(msg.sender);
        entry.status = DEREGISTERED;
        emit ProviderDeregistered(msg.sender);
    }

    function update(address provider, Delta calldata given, bytes32 ref) external {
        Delta memory delta = given;
        if (msg.sender != _market) revert NotProtocol(msg.sender);
        bool reserves = _reserves(delta, provider, ref);
        Entry storage entry = _entries[provider];
        if (entry.status == 0) revert UnknownProvider(provider);
        Resources memory available = entry.available;
        if (reserves) {
            available.cpuMilli = _less(0, available.cpuMilli, delta.cpuMilli);
            available.memoryMiB = _less(1, available.memoryMiB, delta.memoryMiB);
            available.storageMiB = _less(2, available.storageMiB, delta.storageMiB);
            available.gpus = _less(3, available.gpus, delta.gpus);
        } else {
            Resources memory total = entry.total;
            bool fits = _fits(total.cpuMilli, available.cpuMilli, delta.cpuMilli)
                && _fits(total.memoryMiB, available.memoryMiB, delta.memoryMiB)
                && _fits(total.storageMiB, available.storageMiB, delta.storageMiB) && _fits(total.gpus, available.gpus, delta.gpus);
            if (!fits) revert ReservationMismatch(provider, ref);
            unchecked {
                available.cpuMilli += uint64(uint128(delta.cpuMilli));
                available.memoryMiB += uint64(uint128(delta.memoryMiB));
                available.storageMiB += uint64(uint128(delta.storageMiB));
                available.gpus += uint64(uint128(delta.gpus));
            }
        }
        entry.available = available;
        emit ResourceDelta(provider, ref, delta, available);
    }

    function get(address provider) external view returns (Provider memory) {
        return _get(provider);
    }

    function count() external view returns (uint256) {
        return _providers.length;
    }

    function list(uint256 offset, uint256 limit) external view returns (Provider[] memory page) {
        if (limit > MAX_PAGE) revert TooMany(limit, MAX_PAGE);
        (uint256 begin, uint256 end) = pageOf(_providers.length, offset, limit);
        page = new Provider[](end - begin);
        for (uint256 i = begin; i < end; ++i) {
            page[i - begin] = _get(_providers[i]);
        }
    }

    function terms(address provider) external view returns (ProviderTerms memory t) {
        Entry storage entry = _entries[provider];
        t.status = entry.status;
        t.renewable = entry.renewable;
        t.acceptsOffers = entry.acceptsOffers;
        t.operatorKey = entry.operatorKey;
        t.probation = entry.probation;
        t.probationPledge = entry.probationPledge;
        t.minimumPrices = _minimumPrices(entry);
    }

    function standing(address provider) external view returns (uint8 status, address operatorKey) {
        Entry storage entry = _entries[provider];
        return (entry.status, entry.operatorKey);
    }

    function _get(address provider) private view returns (Provider memory p) {
        Entry storage entry = _entries[provider];
        if (entry.status == 0) return p;
        p.provider = provider;
        p.host = entry.host;
        p.port = entry.port;
        p.prices = Prices(entry.cpuPrice, entry.memoryPrice, entry.storagePrice, entry.gpuPrice);
        p.minimumPrices = _minimumPrices(entry);
        p.total = entry.total;
        p.available = entry.available;
        p.attributes = entry.attributes;
        p.probation = entry.probation;
        p.probationPledge = entry.probationPledge;
        p.renewable = entry.renewable;
        p.acceptsOffers = entry.acceptsOffers;
        p.operatorKey = entry.operatorKey;
        p.status = entry.status;
    }

    function _minimumPrices(Entry storage entry) private view returns (Prices memory) {
        return Prices(entry.minimumCpuPrice, entry.minimumMemoryPrice, entry.minimumStoragePrice, entry.minimumGpuPrice);
    }

    function _check(Info memory info, bytes calldata host, bytes calldata attributes) private pure {
        if (!_isHost(host)) revert InvalidField("host");
        if (info.port == 0) revert InvalidField("port");
        Prices memory asked = info.prices;
        Prices memory minimum = info.minimumPrices;
        if (
            asked.cpuMilli < minimum.cpuMilli || asked.memoryMiB < minimum.memoryMiB || asked.storageMiB < minimum.storageMiB
                || asked.gpus < minimum.gpus
        ) revert InvalidField("prices");
        if (attributes.length > MAX_ATTRIBUTES) revert InvalidField("attributes");
        if (info.probation > TEN_YEARS) revert InvalidField("probation");
    }

    function _isHost(bytes calldata host) private pure returns (bool) {
        if (host.length == 0 || host.length > MAX_HOST) return false;
        for (uint256 i = 0; i < host.length; ++i) {
            if ((HOST_CHARACTERS >> uint8(host[i])) & 1 == 0) return false;
        }
        return true;
    }

    /// @dev What is free of a new total: what is reserved stays reserved.
    function _free(Resources memory total, Resources memory before, Resources memory available) private pure returns (Resources memory) {
        return Resources(
            _free(0, total.cpuMilli, before.cpuMilli - available.cpuMilli),
            _free(1, total.memoryMiB, before.memoryMiB - available.memoryMiB),
            _free(2, total.storageMiB, before.storageMiB - available.storageMiB),
            _free(3, total.gpus, before.gpus - available.gpus)
        );
    }

    function _free(uint8 resource, uint64 total, uint64 reserved) private pure returns (uint64) {
        if (total < reserved) revert TotalBelowReserved(resource, total, reserved);
        return total - reserved;
    }

    /// @dev Whether a delta reserves; all of it must go one way, each part at most 2^64 - 1.
    function _reserves(Delta memory delta, address provider, bytes32 ref) private pure returns (bool) {
        int128[4] memory parts = [delta.cpuMilli, delta.memoryMiB, delta.storageMiB, delta.gpus];
        bool negative;
        bool positive;
        for (uint256 i = 0; i < 4; ++i) {
            int256 part = parts[i];
            if (part < 0) negative = true;
            else if (part > 0) positive = true;
            if (part > int256(uint256(type(uint64).max)) || part < -int256(uint256(type(uint64).max))) {
                revert ReservationMismatch(provider, ref);
            }
        }
        if (negative && positive) revert ReservationMismatch(provider, ref);
        return negative;
    }

    function _less(uint8 resource, uint64 available, int128 delta) private pure returns (uint64) {
        uint64 wanted = uint64(uint128(-delta));
        if (wanted > available) revert InsufficientResources(resource, wanted, available);
        return available - wanted;
    }

    function _fits(uint64 total, uint64 available, int128 delta) private pure returns (bool) {
        return uint128(delta) <= total - available;
    }
}

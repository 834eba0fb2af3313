// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredit} from "ICredit.sol";
import {IMarket, Order} from "IMarket.sol";
import {Delta, IRegistry, Prices, Resources} from "IRegistry.sol";

/// @notice The least that an ERC-20 transfer does, so that the comparison favours the EVM.
contract ReferenceToken {
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}

/// @notice Orders in storage, with the types and selectors of the market's. createOrder does in one contract and without
/// calls between contracts the least that the market, the registry and the credits do for it: so that the comparison
/// favours the EVM.
contract ReferenceMarket {
    struct Listing {
        Resources available;
        Prices minimumPrices;
        bool acceptsOffers;
    }

    mapping(uint64 => Order) private orders;
    mapping(address => Listing) private listings;
    mapping(address => uint256) public credits;
    mapping(address => mapping(address => uint64)) public current;
    mapping(address => uint32) public unactivated;
    uint64 public count;

    function put(Order calldata order) external {
        orders[order.id] = order;
    }

    function get(uint64 id) external view returns (Order memory) {
        return orders[id];
    }

    function list(address provider, Resources calldata available, Prices calldata minimumPrices) external {
        listings[provider] = Listing(available, minimumPrices, true);
    }

    function fund(address user, uint256 value) external {
        credits[user] += value;
    }

    function createOrder(
        address provider,
        Resources calldata resources,
        Prices calldata prices,
        uint64 duration,
        uint64
    ) external returns (uint64 id) {
        Listing storage listing = listings[provider];
        require(duration != 0 && listing.acceptsOffers && current[msg.sender][provider] == 0 && unactivated[msg.sender] < 1000);
        Prices memory minimum = listing.minimumPrices;
        require(
            prices.cpuMilli >= minimum.cpuMilli && prices.memoryMiB >= minimum.memoryMiB
                && prices.storageMiB >= minimum.storageMiB && prices.gpus >= minimum.gpus
        );
        id = ++count;
        reserve(listing, provider, resources, id);
        uint256 deposit = escrow(resources, prices, duration);
        record(id, provider, resources, prices, duration, deposit);
    }

    function reserve(Listing storage listing, address provider, Resources calldata wanted, uint64 id) private {
        Resources memory left = listing.available;
        left.cpuMilli -= wanted.cpuMilli;
        left.memoryMiB -= wanted.memoryMiB;
        left.storageMiB -= wanted.storageMiB;
        left.gpus -= wanted.gpus;
        listing.available = left;
        emit IRegistry.ResourceDelta(
            provider,
            bytes32(uint256(id)),
            Delta(
                -int128(uint128(wanted.cpuMilli)),
                -int128(uint128(wanted.memoryMiB)),
                -int128(uint128(wanted.storageMiB)),
                -int128(uint128(wanted.gpus))
            ),
            left
        );
    }

    function escrow(Resources calldata r, Prices calldata p, uint64 duration) private returns (uint256 deposit) {
        uint256 rate = uint256(p.cpuMilli) * r.cpuMilli + uint256(p.memoryMiB) * r.memoryMiB
            + uint256(p.storageMiB) * r.storageMiB + uint256(p.gpus) * r.gpus;
        deposit = (rate * duration + 3599) / 3600;
        credits[msg.sender] -= deposit;
        credits[address(this)] += deposit;
        emit ICredit.Transfer(msg.sender, address(this), deposit);
    }

    function record(
        uint64 id,
        address provider,
        Resources calldata resources,
        Prices calldata prices,
        uint64 duration,
        uint256 deposit
    ) private {
        Order storage order = orders[id];
        order.id = id;
        order.user = msg.sender;
        order.provider = provider;
        order.resources = resources;
        order.prices = prices;
        order.deposit = deposit;
        order.userCheck = true;
        order.createdAt = uint64(block.timestamp);
        order.duration = duration;
        order.activationDeadline = uint64(block.timestamp) + 3600;
        order.status = 1;
        current[msg.sender][provider] = id;
        ++unactivated[msg.sender];
        emit IMarket.OrderCreated(
            id, msg.sender, provider, resources, prices, duration, 0, true, false, uint64(block.timestamp),
            uint64(block.timestamp) + 3600, deposit, false, 0, 0, 0, 0
        );
    }
}

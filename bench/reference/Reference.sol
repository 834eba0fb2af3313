// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Order} from "IMarket.sol";

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

/// @notice An order in storage and its view, with the type and the selector of the market's.
contract ReferenceMarket {
    mapping(uint64 => Order) private orders;

    function put(Order calldata order) external {
        orders[order.id] = order;
    }

    function get(uint64 id) external view returns (Order memory) {
        return orders[id];
    }
}
